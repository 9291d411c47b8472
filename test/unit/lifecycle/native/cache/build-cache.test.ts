import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { packTar } from '../../../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import type { Layer } from '../../../../../src/images/image.ts'
import { openSharedCache } from '../../../../../src/lifecycle/native/cache/open-shared-cache.ts'
import { openBuildCache } from '../../../../../src/lifecycle/native/cache/build-cache.ts'
import { codeSources } from '../../../../../src/lifecycle/native/cache/code-sources.ts'
import { fillCacheDirectory } from '../../../../../src/lifecycle/native/cache/open-shared-cache.ts'
import type { CachedLayer, CacheRecord } from '../../../../../src/lifecycle/native/model.ts'
import { digestOf, type Digest } from '../../../../../src/oci/digest.ts'
import { decisionsOf } from '../../../../support/decisions.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../../support/fakes/fake-image.ts'
import { aBuilder, anImage, aPlan } from '../../../../support/plans.ts'

let engine: FakeEngine
let plan: ReturnType<typeof aPlan>
let temporary: string
beforeEach(async () => {
  engine = new FakeEngine()
  temporary = await mkdtemp(join(tmpdir(), 'cnb-test-'))
  plan = aPlan({
    builder: aBuilder({ image: anImage({ reference: 'some/builder', id: await loadFakeImage(engine, 'builder') }) }),
    cacheVolumes: { build: 'the.build', launch: 'the.launch', layers: 'the.layers', record: 'the.record', state: 'the.state', kaniko: 'the.kaniko', app: 'the.app', inputs: 'the.inputs' },
  })
})
afterEach(() => rm(temporary, { recursive: true }))

const volumes = async (): Promise<string[]> => (await engine.volumes.list('dev.cnb.cache')).map(({ name }) => name).sort()
const layer = (sha: Digest, fingerprint: string): CachedLayer => ({ sha, data: null, build: true, launch: false, cache: true, fingerprint })
const recordOf = (layers: Record<string, CachedLayer>): CacheRecord => ({
  version: 2, sources: codeSources(plan), uid: 1001, gid: 1000, buildpacks: [{ id: 'bp', version: '1', layers }], sbom: {},
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

async function keep(record: CacheRecord, kept = true): Promise<void> {
  await using cache = await openBuildCache(engine, plan, 'owner', {})
  await cache.writeRecord(record, kept, {})
}

let events: CnbEvent[] = []
const said = (): string => events.flatMap((event) => ('message' in event ? [event.message] : [])).join('\n')

interface Read {
  readonly layers: readonly string[]
  readonly elsewhere: boolean
  /** Whether the image is from a build with other code. */
  readonly foreign: boolean
}

async function read(changes: Partial<typeof plan> = {}): Promise<Read> {
  events = []
  const changed = { ...plan, ...changes }
  const shared = openSharedCache(changed, undefined)
  await using cache = await openBuildCache(engine, changed, 'owner', {})
  const { record, contents, external: foreign = false } = await cache.read(codeSources(changed), shared, { events: (event) => void events.push(event) })
  return { layers: layerNames(record), elsewhere: contents !== undefined, foreign }
}

const NOTHING: Read = { layers: [], elsewhere: false, foreign: false }
const FOREIGN: Read = { ...NOTHING, foreign: true }
const builtBy = (reference: string, id: string): Partial<typeof plan> => ({ builder: { ...plan.builder, image: { ...plan.builder.image, reference, id } } })

test('keeps its new volumes if a concurrent build completed them', async () => {
  {
    await using first = await openBuildCache(engine, plan, 'owner', {})
    await keep(recordOf({ l: layer(digestOf('l'), 'f') }))
    await first.writeRecord(recordOf({}), false, {})
  }
  expect(await volumes()).toEqual(['the.layers', 'the.record'])
  expect(await read()).toEqual({ ...NOTHING, layers: ['l'] })
})

test('removes its new volumes if no record was written', async () => {
  expect(await read()).toEqual(NOTHING)
  expect(decisionsOf(events)).toEqual(['cache the.layers: empty: no earlier build of this image left layers in it'])
  expect(await volumes()).toEqual([])
})

test('keeps all volumes only after their record is written, and then removes only containers', async () => {
  await using cache = await openBuildCache(engine, plan, 'owner', {})
  expect(cache.isKept).toBe(false)
  await cache.writeRecord(recordOf({}), true, {})
  expect(cache.isKept).toBe(true)
  await cache.leave()
  expect(engine.state.size).toBe(0)
  expect(await volumes()).toEqual(['the.layers', 'the.record'])
})

test('returns recorded layers except those without a fingerprint', async () => {
  const { diffId } = await layerOf('l')
  await keep(recordOf({ l: layer(diffId, 'f'), unknown: layer(diffId, '') }))
  expect(await read()).toEqual({ ...NOTHING, layers: ['l'] })
  expect(await volumes()).toEqual(['the.layers', 'the.record'])
})

test("returns nothing with --clear-cache, and removes the stock lifecycle's volume", async () => {
  await keep(recordOf({ l: layer(digestOf('x'), 'f') }))
  await engine.volumes.create('the.build', { 'dev.cnb.cache': 'true' })
  expect(await read({ clearCache: true })).toEqual(NOTHING)
  expect(decisionsOf(events)).toEqual(['cache the.layers: not used: --clear-cache discards cached layers'])
  expect(await volumes()).toEqual(['the.layers', 'the.record'])
})

test('prefers a cache directory, and uses the volume only if both have the same layers', async () => {
  const cacheDirectory = join(temporary, 'cache')
  const record = recordOf({ l: layer((await layerOf('l')).diffId, 'f') })
  await keep(record)
  expect(await read({ cacheDirectory })).toEqual(NOTHING)
  await fill(cacheDirectory, record)
  expect(await read({ cacheDirectory })).toEqual({ ...NOTHING, layers: ['l'] })
  await fill(cacheDirectory, recordOf({ m: layer((await layerOf('m')).diffId, 'f') }))
  expect(await read({ cacheDirectory })).toEqual({ ...NOTHING, layers: ['m'], elsewhere: true })
})

test('uses neither layers nor the image of another builder, and warns about it', async () => {
  await keep(recordOf({ l: layer(digestOf('x'), 'f') }))
  expect(await read(builtBy('other/builder', plan.builder.image.id))).toEqual({ ...NOTHING, layers: ['l'] })
  const id = await loadFakeImage(engine, 'other/builder', { Labels: { of: 'another' } })
  expect(await read(builtBy('other/builder:1', id))).toEqual(FOREIGN)
  expect(decisionsOf(events)).toEqual(["cache the.layers: not used: code that this build does not use could have written to it: builder 'some/builder'"])
  expect(said()).toBe("this build starts without the layers of earlier builds: builder 'some/builder', which this build does not use, could have written to them")
  expect(await read(builtBy('some/builder:2', id))).toEqual({ ...NOTHING, layers: ['l'] })
  expect(decisionsOf(events)).toEqual(['cache the.layers: used: all code that has written to it is part of this build'])
  expect(said()).toBe('')
})

test('uses a directory with unknown sources, but not one that another builder filled', async () => {
  const cacheDirectory = join(temporary, 'cache')
  const record = recordOf({ l: layer((await layerOf('l')).diffId, 'f') })
  await fill(cacheDirectory, record)
  const other = builtBy('other/builder', await loadFakeImage(engine, 'other/builder', { Labels: { of: 'another' } }))
  expect(await read({ ...other, cacheDirectory })).toEqual(NOTHING)
  expect(said()).toContain("builder 'some/builder'")
  expect(await read({ cacheDirectory })).toEqual({ ...NOTHING, layers: ['l'], elsewhere: true })
  await fill(cacheDirectory, { ...record, sources: [] })
  expect(await read({ ...other, cacheDirectory })).toEqual({ ...NOTHING, layers: ['l'], elsewhere: true })
})

test('records the code sources of a build without the volume, unless the record has them', async () => {
  const record = recordOf({ l: layer(digestOf('x'), 'f') })
  await keep(record)
  await keep({ ...record, buildpacks: [] }, false)
  expect(await read()).toEqual({ ...NOTHING, layers: ['l'] })
  const stranger = plan
  plan = { ...plan, ...builtBy('other/builder', await loadFakeImage(engine, 'other/builder', { Labels: { of: 'another' } })) }
  await keep(recordOf({}), false)
  plan = stranger
  expect(await read()).toEqual(FOREIGN)
})

test('does not replace the record that another build writes at the same time', async () => {
  const record = recordOf({ l: layer(digestOf('x'), 'f') })
  const labels = engine.volumes.labels.bind(engine.volumes)
  vi.spyOn(engine.volumes, 'labels').mockImplementationOnce(async (name, context) => {
    const before = await labels(name, context)
    await keep(record)
    return before
  })
  await keep(recordOf({}), false)
  expect(await read()).toEqual({ ...NOTHING, layers: ['l'] })
})

test('removes the layers volume of a build that saves no layers', async () => {
  await keep(recordOf({}), false)
  expect(await volumes()).toEqual(['the.record'])
})

test("uses the stock lifecycle's volume only if the user specifies it, otherwise mentions it", async () => {
  await engine.volumes.create('the.build', { 'dev.cnb.cache': 'true' })
  const kept = await layerOf('l')
  const metadata = Buffer.from(JSON.stringify({ buildpacks: [{ key: 'bp', version: '1', layers: { l: { sha: kept.diffId, cache: true } } }] }))
  const content = await buffer(await kept.open())
  const entry = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 } as const
  await using filler = await engine.containers.create({
    image: plan.builder.image.id, command: ['x'], mounts: [{ type: 'volume', source: 'the.build', target: '/cache' }],
  })
  await filler.putArchive('/cache', packTar([
    { ...entry, name: 'committed/io.buildpacks.lifecycle.cache.metadata', size: metadata.length, content: metadata },
    { ...entry, name: `committed/${kept.diffId}.tar`, size: content.length, content },
  ]))
  expect(await read()).toEqual(NOTHING)
  expect(said()).toContain("--cache 'type=build;format=volume;name=the.build'")
  expect(await read({ cacheVolumes: { ...plan.cacheVolumes, chosen: true } })).toEqual({ ...NOTHING, layers: ['l'], elsewhere: true })
})

test('warns if the record cannot be written', async () => {
  events = []
  await keep(recordOf({ l: layer(digestOf('l'), 'f') }))
  await using cache = await openBuildCache(engine, plan, 'owner', {})
  await cache.read(codeSources(plan), undefined, {})
  vi.spyOn(engine.volumes, 'create').mockRejectedValueOnce(new CnbError('CNB_ENGINE_FAILED', 'no space left on device'))
  await cache.writeRecord(recordOf({}), true, { events: (event) => void events.push(event) })
  expect(events).toMatchObject([{ type: 'warning', message: expect.stringContaining('the image is built') }])
})
