/** Brings a large app into the build container: only files that its volume lacks. */

import { RACY_MS } from '../../../archive/files/stat-cache.ts'
import { packTar, tarChunks, type TarEntry } from '../../../archive/tar/tar-writer.ts'
import { decide, step, type Context } from '../../../base/events.ts'
import { countBytes } from '../../../base/spent-chunks.ts'
import type { Container } from '../../../docker/engine.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { appDirOf } from '../../phase.ts'
import type { KnownApp } from '../model.ts'
import type { SessionApp } from '../run/session/session-app.ts'
import { type AppDifference, type AppTree, compareTrees, encodeTree, hashOf, hasTree, type KeptFiles } from './app-tree.ts'
import type { AppVolume } from './app-volume.ts'

/** The last second that 64 bits of nanoseconds can express. */
const MAX_TIME = 9_223_372_036
const SLASH = 0x2f
/** The script starts a process for each piece. */
const PIECE = 1024 * 1024

/** The app's directory in a volume, before any code of the build ran in it. */
export interface SentApp extends Pick<KnownApp, 'status' | 'time' | 'sent'> {
  /** The encoded tree (app-tree.ts), if it differs from that of the last build. */
  readonly tree: Buffer | undefined
}

export interface AppTransfer {
  readonly session: Pick<SessionApp, 'open' | 'keep' | 'list' | 'put'>
  readonly container: Pick<Container, 'putArchive'>
  readonly plan: BuildPlan
  /** The volume with the app's directory, if it is in one. */
  readonly volume: AppVolume | undefined
  /** The app as the last build recorded it, and its files. */
  readonly known: KnownApp | undefined
  readonly knownTree: ((known: KnownApp) => Promise<AppTree | undefined>) | undefined
}

/**
 * Brings an app into its directory. A volume may have all or some of the files. If the container's tar cannot extract the app, the engine does.
 * @returns undefined if the next build cannot compare the files; 'unclean' if the volume has other files, which cannot be replaced
 */
export async function sendLargeApp(transfer: AppTransfer, context: Context): Promise<SentApp | undefined | 'unclean'> {
  const { session, container, plan, volume } = transfer
  const directory = appDirOf(plan)
  const { signal } = context
  return step(context, 'uploading the app', async () => {
    if (volume) {
      const sent = await sendToVolume(transfer, volume, context)
      if (sent !== undefined) return sent
    } else if ((await session.open(directory, 'once')) !== undefined) {
      const put = await session.put(directory, undefined, tarOf(plan.appEntries(context), context))
      if (put !== 'unclean' && put.isWhole) return decideSent(directory, 'all', context)
    }
    decide(context, { kind: 'files', name: directory }, 'sent through the engine', 'the builder has no GNU tar from 1.28 on, or it failed')
    await container.putArchive('/', packTar(plan.appEntries({ signal }), { signal }), context)
    return undefined
  })
}

/** Returns undefined if the engine must send the app. */
async function sendToVolume({ session, plan, known, knownTree }: AppTransfer, { isNew }: AppVolume, context: Context): Promise<SentApp | 'unclean' | undefined> {
  const directory = appDirOf(plan)
  const time = Date.now()
  const [present, host] = await Promise.all([session.open(directory, isNew ? 'new' : 'kept'), plan.appStatus({ signal: context.signal })])
  if (present === undefined) return isNew ? undefined : 'unclean'
  // With a clock that was set back, a file can get the same times again.
  const last = known && known.time <= time ? known : undefined
  if (last && present === last.sent && host.status === last.status && host.latest + RACY_MS <= last.time) {
    session.keep()
    decide(context, { kind: 'files', name: directory }, 'not sent', 'they are unchanged since the last build, in the app and in the volume')
    return { status: last.status, time: last.time, sent: last.sent, tree: undefined }
  }
  const difference = isNew ? undefined : last && (await differenceFrom(last, host.content))
  const sent = new AppEntries(directory, difference?.kept)
  const put = await session.put(directory, difference?.removed, tarOf(sent.of(plan.appEntries(context)), context))
  if (put === 'unclean') return put
  if (isNew && !put.isWhole) return undefined
  if (!put.isWhole || !put.listing || !hasTree(put.listing, sent.count, sent.directories)) return 'unclean'
  decideSent(directory, difference ? `${sent.sent} of ${sent.count} entries` : 'all', context)
  return { status: host.status, time, sent: hashOf(put.listing), tree: encodeTree({ listing: put.listing, statuses: host.content }) }

  /** A separate function, because its large lists must not stay in memory while files are sent. */
  async function differenceFrom(last: KnownApp, statuses: Buffer): Promise<AppDifference | undefined> {
    const tree = await knownTree?.(last)
    const listing = tree && (await session.list())
    return listing && compareTrees(last, tree, { listing, statuses })
  }
}

function decideSent(directory: string, entries: string, context: Context): undefined {
  decide(context, { kind: 'files', name: directory }, `sent with the builder's tar: ${entries}`, 'the engine takes longer for many files')
}

/** The entries to send. */
class AppEntries {
  readonly #start: number
  readonly #kept: KeptFiles | undefined
  /** The paths of all directories, relative to the app, with one latin1 character for each byte. */
  readonly directories = new Set<string>()
  /** All entries, and those to send. */
  count = 0
  sent = 0

  constructor(directory: string, kept: KeptFiles | undefined) {
    // The names have no slash before the directory, and one after it.
    this.#start = Buffer.byteLength(directory)
    this.#kept = kept
  }

  async *of(entries: AsyncIterable<TarEntry>): AsyncGenerator<TarEntry> {
    for await (const entry of entries) {
      const name = typeof entry.name === 'string' ? Buffer.from(entry.name) : entry.name
      const path = name.subarray(this.#start, name.at(-1) === SLASH ? -1 : undefined)
      this.count++
      if (entry.type === 'directory') this.directories.add(path.toString('latin1'))
      else if (this.#kept?.has(path)) continue
      this.sent++
      yield entry
    }
  }
}

function tarOf(entries: AsyncIterable<TarEntry>, { signal }: Context): AsyncGenerator<Buffer> {
  return pieces(tarChunks(withBoundTimes(entries), signal))
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
