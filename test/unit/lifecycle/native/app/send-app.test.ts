import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { FileStatus } from '../../../../../src/archive/files/file-status.ts'
import { readTar } from '../../../../../src/archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import type { Container } from '../../../../../src/docker/engine.ts'
import type { BuildPlan } from '../../../../../src/lifecycle/lifecycle.ts'
import { encodeTree, hashOf, type AppTree } from '../../../../../src/lifecycle/native/app/app-tree.ts'
import { directoryOfLargeApp } from '../../../../../src/lifecycle/native/app/large-app.ts'
import { type AppTransfer, sendLargeApp, type SentApp } from '../../../../../src/lifecycle/native/app/send-app.ts'
import type { KnownApp } from '../../../../../src/lifecycle/native/model.ts'

const owner = { uid: 1, gid: 2, mtime: 0 }

/** A plan with an app of this number of entries. */
function planOf(count: number): BuildPlan {
  async function* appEntries(): AsyncGenerator<TarEntry> {
    yield { type: 'directory', name: 'workspace', mode: 0o777, ...owner }
    for (let number = 1; number < count; number++) yield { type: 'file', name: `workspace/${number}`, mode: 0o644, size: 1, content: Buffer.from('x'), ...owner }
  }
  return { appEntries } as unknown as BuildPlan
}

/** A session that receives an app into an empty directory. */
function sessionOf({ opens = true, isWhole = true } = {}): AppTransfer['session'] & { readonly sent: Buffer[] } {
  const sent: Buffer[] = []
  return {
    sent,
    open: async (directory) => (directory === '/workspace' && opens ? '' : undefined),
    keep: () => expect.unreachable(),
    list: () => expect.unreachable(),
    put: async (_directory, _removed, tar) => {
      for await (const piece of tar) sent.push(piece)
      return { isWhole, listing: Buffer.alloc(0) }
    },
  }
}

const once = { volume: undefined, known: undefined, knownTree: undefined }

test('sends apps of many or large files through the session', async () => {
  expect(await directoryOfLargeApp(planOf(100), {})).toBeUndefined()
  expect(await directoryOfLargeApp(planOf(101), {})).toMatchObject({ type: 'directory', name: 'workspace', mode: 0o777 })
  const large = async function* (): AsyncGenerator<TarEntry> {
    yield { type: 'directory', name: 'workspace', mode: 0o777, ...owner }
    yield { type: 'file', name: 'workspace/large', mode: 0o644, size: 17 * 1024 * 1024, ...owner }
  }
  expect(await directoryOfLargeApp({ appEntries: large } as unknown as BuildPlan, {})).toBeDefined()
})

test('sends times that engines replace by 1970 as 1970', async () => {
  const session = sessionOf()
  const times = [-1, 0, 9_223_372_036, 9_223_372_037]
  const appEntries = async function* (): AsyncGenerator<TarEntry> {
    for (const mtime of times) yield { type: 'directory', name: `workspace/${mtime}`, mode: 0o755, ...owner, mtime }
  }
  await sendLargeApp({ ...once, session, container: {} as Container, plan: { appEntries } as unknown as BuildPlan }, {})
  const found: number[] = []
  for await (const { mtime } of readTar(Readable.from(session.sent))) found.push(mtime)
  expect(found).toEqual([0, 0, 9_223_372_036, 0])
})

test.each([
  [{}, 3, 0, "sent with the builder's tar: all"],
  [{ isWhole: false }, 3, 1, 'sent through the engine'],
  [{ opens: false }, 0, 1, 'sent through the engine'],
])('sends the whole app through the engine only if the session cannot (%j)', async (states, pieces, uploads, outcome) => {
  const events: CnbEvent[] = []
  const put: Buffer[] = []
  const session = sessionOf(states)
  const putArchive: Container['putArchive'] = async (_, tar) => void put.push(Buffer.isBuffer(tar) ? tar : await buffer(tar))
  await sendLargeApp({ ...once, session, container: { putArchive }, plan: planOf(3000) }, { events: (event) => events.push(event) })
  expect(put).toHaveLength(uploads)
  // Pieces of at least 1 MiB, and the rest.
  expect(session.sent).toHaveLength(pieces)
  if (pieces > 0) for (const tar of put) expect(tar.equals(Buffer.concat(session.sent))).toBe(true)
  expect(events).toContainEqual(expect.objectContaining({ type: 'decision', subject: { kind: 'files', name: '/workspace' }, outcome }))
})

describe('a volume', () => {
  const LATEST = 1_000_000
  const status = (path: string, size: number, mode = 0o100644): Buffer => {
    const found = new FileStatus()
    found.set({ dev: 1, ino: 2, size, mode, mtimeMs: LATEST, ctimeMs: LATEST } as never)
    return Buffer.concat([Buffer.from(`${path}\0`), found.bytes])
  }
  /** An app with `file` of this size, as the host has it, and as a volume has it. */
  const treeOf = (size: number, ctime: number): AppTree => ({
    statuses: Buffer.concat([status('', 0, 0o40755), status('file', size)]),
    listing: Buffer.from(`777\0file\0f 644 1 2 ${size} 0.0 ${ctime} 5 1 \0`),
  })
  const knownOf = ({ statuses, listing }: AppTree, time = LATEST + 5000): KnownApp => ({
    status: hashOf(statuses), time, sent: hashOf(listing), left: '', directory: '/workspace', slices: '[]', layers: [],
  })

  interface Sending {
    readonly host: AppTree
    readonly volume: AppTree
    readonly known?: KnownApp | undefined
    readonly tree?: AppTree | undefined
    readonly isNew?: boolean
    /** The volume's files afterwards. */
    readonly after?: Buffer
    readonly isWhole?: boolean
    readonly latest?: number
  }

  /** Returns the result, and the words to the session. */
  async function send({ host, volume, known, tree, isNew = false, after = volume.listing, isWhole = true, latest = LATEST }: Sending): Promise<{ result: SentApp | undefined | 'unclean'; told: unknown[] }> {
    const told: unknown[] = []
    const session: AppTransfer['session'] = {
      open: async (_, state) => (told.push(state), hashOf(volume.listing)),
      keep: () => void told.push('keep'),
      list: async () => volume.listing,
      put: async (_, removed, tar) => {
        const names: string[] = []
        const chunks: Buffer[] = []
        for await (const piece of tar) chunks.push(piece)
        for await (const { name } of readTar(Readable.from(chunks))) names.push(name.toString())
        told.push(removed ?? 'all', names)
        return { isWhole, listing: after }
      },
    }
    const plan = {
      appStatus: async () => ({ status: hashOf(host.statuses), latest, content: host.statuses }),
      appEntries: async function* (): AsyncGenerator<TarEntry> {
        yield { type: 'directory', name: 'workspace', mode: 0o777, ...owner }
        yield { type: 'file', name: 'workspace/file', mode: 0o644, size: 1, content: Buffer.from('x'), ...owner }
      },
    } as unknown as BuildPlan
    const container = { putArchive: async () => void told.push('engine') } as unknown as Container
    const result = await sendLargeApp({ session, container, plan, volume: { name: 'app', isNew }, known, knownTree: async () => tree }, {})
    return { result, told }
  }

  const all = ['workspace', 'workspace/file']
  const same = treeOf(1, 7)

  test('keeps files that changed neither on the host nor in the volume', async () => {
    const known = knownOf(same)
    const { result, told } = await send({ host: same, volume: same, known, tree: same })
    expect(told).toEqual(['kept', 'keep'])
    expect(result).toEqual({ status: known.status, time: known.time, sent: known.sent, tree: undefined })
  })

  test.each([
    ['changed on the host', { host: treeOf(2, 7), volume: same, known: knownOf(same), tree: same }],
    ['changed in the volume', { host: same, volume: treeOf(1, 8), known: knownOf(same), tree: same }],
    ['was too young for its status', { host: same, volume: same, known: knownOf(same, LATEST + 2000), tree: same }],
  ])('gets a file again that %s', async (_, sending) => {
    const { result, told } = await send(sending)
    expect(told).toEqual(['kept', ['file'], all])
    expect(result).toMatchObject({ sent: hashOf(sending.volume.listing), tree: encodeTree({ ...sending.volume, statuses: sending.host.statuses }) })
  })

  test.each([
    ['without a record', {}],
    ['with a record from the future', { known: knownOf(same, Date.now() + 60_000), tree: same }],
    ['with a damaged tree', { known: knownOf(treeOf(3, 3)), tree: undefined }],
  ])('gets all files %s', async (_, sending) => {
    expect((await send({ host: same, volume: same, ...sending })).told).toEqual(['kept', 'all', all])
  })

  test('is replaced if it does not have exactly the files afterwards', async () => {
    for (const after of ['777\0', '777\0file\0f 1\0more\0f 1\0', '777\0file\0d 1\0']) {
      expect((await send({ host: same, volume: same, after: Buffer.from(after) })).result).toBe('unclean')
    }
    expect((await send({ host: same, volume: same, isWhole: false })).result).toBe('unclean')
  })

  test('gets the app through the engine if it is new and the tar fails', async () => {
    const { result, told } = await send({ host: same, volume: same, isNew: true, isWhole: false })
    expect(told).toEqual(['new', 'all', all, 'engine'])
    expect(result).toBeUndefined()
  })
})
