import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packTar } from '../../../../../src/archive/tar-writer.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import type { Layer } from '../../../../../src/images/image.ts'
import { openSharedCache } from '../../../../../src/lifecycle/native/cache/shared-cache.ts'
import { openBuildCache } from '../../../../../src/lifecycle/native/cache/build-cache.ts'
import { fillCacheDirectory } from '../../../../../src/lifecycle/native/cache/fill-directory.ts'
import type { CachedLayer, CacheRecord } from '../../../../../src/lifecycle/native/model.ts'
import { digestOf, type Digest } from '../../../../../src/oci/digest.ts'
import { FakeEngine } from '../../../../support/fake-engine.ts'
import { loadFakeImage } from '../../../../support/fake-image.ts'
import { aBuilder, anImage, aPlan } from '../../../../support/plans.ts'

let engine: FakeEngine
let plan: ReturnType<typeof aPlan>
let temporary: string
beforeEach(async () => {
  engine = new FakeEngine()
  temporary = await mkdtemp(join(tmpdir(), 'cnb-test-'))
  plan = aPlan({
    builder: aBuilder({ image: anImage({ id: await loadFakeImage(engine, 'builder') }) }),
    cacheVolumes: { build: 'the.build', launch: 'the.launch', layers: 'the.layers', state: 'the.state', kaniko: 'the.kaniko' },
  })
})
afterEach(() => rm(temporary, { recursive: true }))

const volumes = async (): Promise<string[]> => (await engine.volumes.list('dev.cnb.cache')).map(({ name }) => name).sort()
const layer = (sha: Digest, fingerprint: string): CachedLayer => ({ sha, data: null, build: true, launch: false, cache: true, fingerprint })
const recordOf = (layers: Record<string, CachedLayer>): CacheRecord => ({
  version: 1, uid: 1001, gid: 1000, buildpacks: [{ id: 'bp', version: '1', layers }], sbom: {},
})
const layerNames = (record: CacheRecord | undefined): string[] => Object.keys(record?.buildpacks[0]?.layers ?? {})

/** A layer's tar, as the stock exporter writes it. */
async function layerOf(name: string): Promise<Layer> {
  const header = { mode: 0o755, uid: 1001, gid: 1000, mtime: 0 }
  const tar = await buffer(packTar(['/layers', '/layers/bp', `/layers/bp/${name}`].map((path) => ({ ...header, type: 'directory', name: path }))))
  return { diffId: digestOf(tar), open: async () => Readable.from([tar]) }
}

async function fill(directory: string, record: CacheRecord): Promise<void> {
  await fillCacheDirectory(directory, { record, layerOf: (_id, name) => layerOf(name), sbom: undefined }, { anew: false }, {})
}

async function keep(record: CacheRecord): Promise<void> {
  await using cache = await openBuildCache(engine, plan, undefined, 'owner', {})
  await cache.writeRecord(record, {})
}

async function read(changes: Partial<typeof plan> = {}): Promise<{ readonly layers: readonly string[]; readonly elsewhere: boolean }> {
  const changed = { ...plan, ...changes }
  await using shared = openSharedCache(changed, undefined)
  await using cache = await openBuildCache(engine, changed, shared, 'owner', {})
  const { record, contents } = await cache.read({})
  return { layers: layerNames(record), elsewhere: contents !== undefined }
}

test('a build that kept nothing leaves no volume', async () => {
  expect(await read()).toEqual({ layers: [], elsewhere: false })
  expect(await volumes()).toEqual([])
})

test('what a build kept is found, but for layers that could not be told from others', async () => {
  const { diffId } = await layerOf('l')
  await keep(recordOf({ l: layer(diffId, 'f'), unknown: layer(diffId, '') }))
  expect(await read()).toEqual({ layers: ['l'], elsewhere: false })
  expect(await volumes()).toEqual(['the.layers', 'the.state'])
})

test('--clear-cache finds nothing, and takes the volume of the stock lifecycle away', async () => {
  await keep(recordOf({ l: layer(digestOf('x'), 'f') }))
  await engine.volumes.create('the.build', { 'dev.cnb.cache': 'true' })
  expect(await read({ clearCache: true })).toEqual({ layers: [], elsewhere: false })
  expect(await volumes()).toEqual(['the.layers', 'the.state'])
})

test('a directory decides: its layers come from the volume only where both say the same', async () => {
  const cacheDirectory = join(temporary, 'cache')
  const record = recordOf({ l: layer((await layerOf('l')).diffId, 'f') })
  await keep(record)
  expect(await read({ cacheDirectory })).toEqual({ layers: [], elsewhere: false })
  await fill(cacheDirectory, record)
  expect(await read({ cacheDirectory })).toEqual({ layers: ['l'], elsewhere: false })
  await fill(cacheDirectory, recordOf({ m: layer((await layerOf('m')).diffId, 'f') }))
  expect(await read({ cacheDirectory })).toEqual({ layers: ['m'], elsewhere: true })
})

test('a record that cannot be written is a warning', async () => {
  const events: CnbEvent[] = []
  await using cache = await openBuildCache(engine, plan, undefined, 'owner', {})
  await cache.read({})
  for (const { id } of await engine.containers.list('dev.cnb.owner')) await engine.containers.remove(id)
  await cache.writeRecord(recordOf({}), { events: (event) => void events.push(event) })
  expect(events).toMatchObject([{ type: 'warning', message: expect.stringContaining('the image is built') }])
})
