/** Sends an app of many files through the session: the engine's archives take 0.13 ms a file. */

import { packTar, tarChunks, type TarEntry } from '../../../archive/tar/tar-writer.ts'
import { decide, step, type Context } from '../../../base/events.ts'
import { countBytes } from '../../../base/spent-chunks.ts'
import type { Container } from '../../../docker/engine.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { appDirOf } from '../../phase.ts'
import type { BuildSession } from './build-session.ts'

/** Up to this number of entries, one archive with all of a build's input takes less time. */
const FEW = 100
/** The last second that 64 bits of nanoseconds can express. */
const MAX_TIME = 9_223_372_036
/** The script starts a process for each piece. */
const PIECE = 1024 * 1024

/** Returns the entry of the app's directory if the session sends the app, which needs the directory; undefined for a small app. */
export async function directoryOfLargeApp(plan: BuildPlan, { signal }: Context): Promise<TarEntry | undefined> {
  let first: TarEntry | undefined
  let count = 0
  for await (const entry of plan.appEntries({ signal })) {
    first ??= entry
    if (++count > FEW) return first
  }
  return undefined
}

/** Sends an app after its directory. If the container's tar cannot extract it, the engine does. */
export async function sendLargeApp(session: Pick<BuildSession, 'putApp'>, container: Container, plan: BuildPlan, context: Context): Promise<void> {
  const directory = appDirOf(plan)
  const { signal } = context
  await step(context, 'uploading the app', async () => {
    const isSent = await session.putApp(directory, pieces(tarChunks(withBoundTimes(plan.appEntries(context)), signal)))
    const reason = isSent ? 'the engine takes longer for many files' : 'the builder has no GNU tar from 1.28 on, or it failed'
    decide(context, { kind: 'files', name: directory }, isSent ? "sent with the builder's tar" : 'sent through the engine', reason)
    if (!isSent) await container.putArchive('/', packTar(plan.appEntries({ signal }), { signal }), context)
  })
}

/** Bounds times as engines do when they extract an archive: they replace others by 1970. */
async function* withBoundTimes(entries: AsyncIterable<TarEntry>): AsyncGenerator<TarEntry> {
  for await (const entry of entries) yield entry.mtime >= 0 && entry.mtime <= MAX_TIME ? entry : { ...entry, mtime: 0 }
}

/** Combines chunks. */
async function* pieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let some: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    some.push(chunk)
    size += chunk.length
    countBytes(chunk)
    if (size < PIECE) continue
    yield Buffer.concat(some)
    some = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(some)
}
