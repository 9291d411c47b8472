import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { readTar } from '../../../../../src/archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import type { Container } from '../../../../../src/docker/engine.ts'
import type { BuildPlan } from '../../../../../src/lifecycle/lifecycle.ts'
import { directoryOfLargeApp, sendLargeApp } from '../../../../../src/lifecycle/native/run/session-app.ts'

const owner = { uid: 1, gid: 2, mtime: 0 }

/** A plan with an app of this number of entries. */
function planOf(count: number): BuildPlan {
  async function* appEntries(): AsyncGenerator<TarEntry> {
    yield { type: 'directory', name: 'workspace', mode: 0o777, ...owner }
    for (let number = 1; number < count; number++) yield { type: 'file', name: `workspace/${number}`, mode: 0o644, size: 1, content: Buffer.from('x'), ...owner }
  }
  return { appEntries } as unknown as BuildPlan
}

test('sends apps of more than 100 entries through the session', async () => {
  expect(await directoryOfLargeApp(planOf(100), {})).toBeUndefined()
  expect(await directoryOfLargeApp(planOf(101), {})).toMatchObject({ type: 'directory', name: 'workspace', mode: 0o777 })
})

test('sends times that engines replace by 1970 as 1970', async () => {
  const sent: Buffer[] = []
  const putApp = async (_: string, tar: AsyncIterable<Buffer>): Promise<boolean> => {
    for await (const piece of tar) sent.push(piece)
    return true
  }
  const times = [-1, 0, 9_223_372_036, 9_223_372_037]
  const appEntries = async function* (): AsyncGenerator<TarEntry> {
    for (const mtime of times) yield { type: 'directory', name: `workspace/${mtime}`, mode: 0o755, ...owner, mtime }
  }
  await sendLargeApp({ putApp }, {} as Container, { appEntries } as unknown as BuildPlan, {})
  const found: number[] = []
  for await (const { mtime } of readTar(Readable.from(sent))) found.push(mtime)
  expect(found).toEqual([0, 0, 9_223_372_036, 0])
})

test.each([
  [true, 0, "sent with the builder's tar"],
  [false, 1, 'sent through the engine'],
])('sends the whole app through the engine only if the session cannot (%j)', async (isSent, uploads, outcome) => {
  const events: CnbEvent[] = []
  const sent: Buffer[] = []
  const put: Buffer[] = []
  const session = {
    putApp: async (directory: string, tar: AsyncIterable<Buffer>) => {
      expect(directory).toBe('/workspace')
      for await (const piece of tar) sent.push(piece)
      return isSent
    },
  }
  const putArchive: Container['putArchive'] = async (_, tar) => void put.push(Buffer.isBuffer(tar) ? tar : await buffer(tar))
  await sendLargeApp(session, { putArchive } as Container, planOf(3000), { events: (event) => events.push(event) })
  expect(put).toHaveLength(uploads)
  // Pieces of at least 1 MiB, and the rest.
  expect(sent).toHaveLength(3)
  for (const tar of put) expect(tar.equals(Buffer.concat(sent))).toBe(true)
  expect(events).toContainEqual(expect.objectContaining({ type: 'decision', subject: { kind: 'files', name: '/workspace' }, outcome }))
})
