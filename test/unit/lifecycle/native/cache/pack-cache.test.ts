import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { packTar, type TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { readCacheMetadata, writeCacheMetadata } from '../../../../../src/lifecycle/native/cache/cache-metadata.ts'
import { codeSources } from '../../../../../src/lifecycle/native/cache/code-sources.ts'
import { type LayerTars, verifiedTar } from '../../../../../src/lifecycle/native/cache/layer-tars.ts'
import { readPackCache } from '../../../../../src/lifecycle/native/cache/pack-cache.ts'
import { type Digest, digestOf } from '../../../../../src/oci/digest.ts'
import { aPlan } from '../../../../support/plans.ts'

const builder = { uid: 1001, gid: 1000 }
const owner = { uid: 0, gid: 0, mtime: 315532801 }
const dir = (name: string): TarEntry => ({ type: 'directory', name, mode: 0o755, ...owner })
const file = (name: string, text: string): TarEntry => ({ type: 'file', name, mode: 0o600, ...owner, size: text.length, content: Buffer.from(text) })

const layerTar = (layer: string, ...more: TarEntry[]): Promise<Buffer> =>
  buffer(packTar([dir('/layers'), dir('/layers/bp'), dir(`/layers/bp/${layer}`), file(`/layers/bp/${layer}/f`, layer), ...more]))

/** Tars by their digest; `metadata` refers to layers by their tars. */
function tars(metadata: string | undefined, ...contents: Buffer[]): LayerTars & { files: Map<Digest, Buffer> } {
  const files = new Map(contents.map((content) => [digestOf(content), content]))
  return {
    files,
    metadata: async () => metadata,
    open: async (diffId) => {
      const content = files.get(diffId)
      return content && verifiedTar(Readable.from([content]), diffId)
    },
  }
}

const layer = (tar: Buffer | string, types = {}) => ({
  sha: typeof tar === 'string' ? tar : digestOf(tar), data: { k: 'v' }, build: false, launch: true, cache: true, ...types,
})
const metadataOf = (layers: object, sbom = ''): string => JSON.stringify({ sbom: { sha: sbom }, buildpacks: [{ key: 'bp', version: '1', layers }] })

async function collect(entries: AsyncIterable<TarEntry>): Promise<[string, string][]> {
  const found: [string, string][] = []
  for await (const { name, content } of entries) found.push([name.toString(), Buffer.isBuffer(content) ? content.toString() : content ? (await buffer(content as Readable)).toString() : ''])
  return found
}

const unusable = { code: 'CNB_RESTORE_FAILED' }

test('returns the layers of the metadata, as records without a fingerprint and as entries', async () => {
  const tar = await layerTar('l')
  const cache = await readPackCache(tars(metadataOf({ l: layer(tar), launch: layer(tar, { cache: false }), '../x': layer(tar), odd: layer('sha256:odd') }), tar), builder, {})
  expect(cache?.record).toEqual({
    version: 2, sources: [], ...builder, sbom: {},
    buildpacks: [{ id: 'bp', version: '1', layers: { l: { ...layer(tar), fingerprint: '' } } }],
  })
  expect(await collect(cache!.contents.entries('bp', 'l', {}))).toEqual([['layers/bp/l', ''], ['layers/bp/l/f', 'l']])
})

test.each<[string, (tar: Buffer) => Promise<Buffer | undefined>]>([
  ['is missing', async () => undefined],
  ['has other files', async () => layerTar('l', file('/layers/bp/l/more', 'x'))],
  ['has data after its end', async (tar) => Buffer.concat([tar, Buffer.alloc(512)])],
  ['is shorter', async (tar) => tar.subarray(0, -512)],
])('fails to unpack a layer that %s', async (_, change) => {
  const tar = await layerTar('l')
  const store = tars(metadataOf({ l: layer(tar) }), tar)
  const cache = await readPackCache(store, builder, {})
  const changed = await change(tar)
  if (changed) store.files.set(digestOf(tar), changed)
  else store.files.clear()
  await expect(collect(cache!.contents.entries('bp', 'l', {}))).rejects.toMatchObject(unusable)
})

test.each<[string, Promise<Buffer>]>([
  ['has a file of the system', layerTar('l', file('/etc/passwd', ''))],
  ['is of another layer', layerTar('x')],
  ['is empty', buffer(packTar([]))],
])('fails to unpack a layer that %s', async (_, made) => {
  const tar = await made
  const cache = await readPackCache(tars(metadataOf({ l: layer(tar) }), tar), builder, {})
  await expect(collect(cache!.contents.entries('bp', 'l', {}))).rejects.toMatchObject(unusable)
  await expect(collect(cache!.contents.entries('bp', 'constructor', {}))).rejects.toMatchObject(unusable)
})

test('returns no SBOM files of a damaged layer, with a warning', async () => {
  const events: CnbEvent[] = []
  const [sbom, other] = [await layerTar('l'), await layerTar('x')]
  const store = tars(metadataOf({}, digestOf(sbom)), sbom)
  store.files.set(digestOf(sbom), other)
  expect((await readPackCache(store, builder, { events: (event) => void events.push(event) }))?.record.sbom).toEqual({})
  expect(events).toEqual([expect.objectContaining({ type: 'warning' })])
})

test('returns the SBOM files of the cache', async () => {
  const sbom = await buffer(packTar([dir('/layers'), dir('/layers/sbom'), dir('/layers/sbom/cache'), file('/layers/sbom/cache/bp/l/sbom.cdx.json', '{}')]))
  const cache = await readPackCache(tars(metadataOf({}, digestOf(sbom)), sbom), builder, {})
  expect(cache?.record.sbom).toEqual({ cache: { sha: digestOf(sbom), files: { 'bp/l/sbom.cdx.json': 'e30=' } } })
  expect((await readPackCache(tars(metadataOf({}, digestOf('gone'))), builder, {}))?.record.sbom).toEqual({})
})

test.each([undefined, '', 'no json', '[]', '{"buildpacks":[{"layers":{"l":{"cache":"yes"}}}]}'])('returns undefined for the metadata %j', async (metadata) => {
  expect(await readPackCache(tars(metadata), builder, {})).toBeUndefined()
})

test('uses the first of two buildpacks with the same ID', async () => {
  const buildpacks = [{ key: 'bp', version: '1', layers: null }, { key: 'bp', version: '2' }, { key: '..', version: '3' }]
  expect((await readPackCache(tars(JSON.stringify({ buildpacks })), builder, {}))?.record.buildpacks).toEqual([{ id: 'bp', version: '1', layers: {} }])
})

test("writes the metadata as the stock exporter does", () => {
  const layers = new Map<string, Parameters<typeof writeCacheMetadata>[0]['buildpacks'][number]['layers'] extends ReadonlyMap<string, infer Layer> ? Layer : never>([['z', layer('sha256:z')], ['a', { ...layer('sha256:a'), data: null }]])
  const text = writeCacheMetadata({ sources: [], sbom: '', buildpacks: [{ id: 'bp', version: '<1>', layers }] })
  expect(text).toBe(
    '{"sbom":{"sha":""},"buildpacks":[{"key":"bp","version":"\\u003c1\\u003e","layers":{' +
      '"a":{"sha":"sha256:a","data":null,"build":false,"launch":true,"cache":true},' +
      '"z":{"sha":"sha256:z","data":{"k":"v"},"build":false,"launch":true,"cache":true}}}]}\n',
  )
  expect(readCacheMetadata(text)?.buildpacks[0]?.layers).toEqual(new Map([...layers].reverse()))
  expect(writeCacheMetadata({ sources: [], sbom: 's', buildpacks: [] })).toBe('{"sbom":{"sha":"s"},"buildpacks":null}\n')
})

test('writes the code sources and the launcher as the last keys of the metadata, and reads them', () => {
  const sources = codeSources(aPlan())
  const launcher = { builder: 'b', diffId: digestOf('launcher'), size: 5, version: '0.21.0' }
  const text = writeCacheMetadata({ sources, sbom: 's', buildpacks: [], launcher })
  expect(text).toContain(',"dev.cnb.launcher":{"builder":"b",')
  expect(readCacheMetadata(text)?.launcher).toEqual(launcher)
  expect(readCacheMetadata(text.replace('"size":5', '"size":-5'))).toBeUndefined()
  // Versions appear in the image's labels.
  expect(readCacheMetadata(text.replace('0.21.0', '0.21.0\\n'))).toBeUndefined()
  expect(text).toMatch(/^\{"sbom":\{"sha":"s"\},"buildpacks":null,"dev\.cnb\.sources":\[/)
  expect(readCacheMetadata(text)?.sources).toEqual(sources)
  expect(readCacheMetadata(text.replace('"place"', '"plaice"'))).toBeUndefined()
})
