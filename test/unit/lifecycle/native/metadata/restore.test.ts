import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import type { Image } from '../../../../../src/images/image.ts'
import { readLifecycleMetadata } from '../../../../../src/images/labels/lifecycle-metadata.ts'
import { explainRestored } from '../../../../../src/lifecycle/native/metadata/restore-decisions.ts'
import { needsLaunchSbom, planRestoration, type RestorationInput } from '../../../../../src/lifecycle/native/metadata/restore.ts'
import type { CachedLayer, CacheRecord, LayerTypes, RestoredBuildpack } from '../../../../../src/lifecycle/native/model.ts'
import { decisionsOf } from '../../../../support/decisions.ts'
import { aBuilder, anImage, aPlan } from '../../../../support/plans.ts'

const A = `sha256:${'a'.repeat(64)}` as const
const B = `sha256:${'b'.repeat(64)}` as const
const ID = 'some/bp'

const types = (text: string): LayerTypes => ({ build: text.includes('b'), launch: text.includes('l'), cache: text.includes('c') })

/** The previous image: its layers by name. */
function previous(layers: Record<string, string>, more: { store?: unknown; sbom?: string } = {}) {
  const label = {
    app: [],
    sbom: { sha: more.sbom ?? '' },
    buildpacks: [{
      key: ID, version: '1',
      layers: Object.fromEntries(Object.entries(layers).map(([name, kind]) => [name, { sha: A, data: { from: 'app' }, ...types(kind) }])),
      ...('store' in more ? { store: more.store } : {}),
    }],
  }
  const image: Image = anImage({ labels: { 'io.buildpacks.lifecycle.metadata': JSON.stringify(label) } })
  return { image, metadata: readLifecycleMetadata(image) }
}

function record(layers: Record<string, string>, changes: Partial<CacheRecord> = {}, sha: CachedLayer['sha'] = A): CacheRecord {
  const cached = Object.entries(layers).map(([name, kind]) => [name, { sha, data: { from: 'cache' }, fingerprint: `of ${name}`, ...types(kind) }] as const)
  return { version: 2, sources: [], uid: 1001, gid: 1000, sbom: {}, buildpacks: [{ id: ID, version: '1', layers: Object.fromEntries(cached) }], ...changes }
}

function restore(input: Partial<RestorationInput>) {
  return planRestoration({ previous: undefined, record: undefined, plan: aPlan(), skipLayers: false, mtime: 7, ...input })
}

const files = (restored: RestoredBuildpack | undefined): Record<string, string> =>
  Object.fromEntries((restored?.entries ?? []).flatMap(({ type, name, content }) => (type === 'file' ? [[name.toString(), String(content as Buffer)]] : [])))

const TOML = 'layers/some_bp/l.toml'

test.each([
  ['blc', true, true],
  ['bc', true, true],
  ['bl', false, false],
  ['b', false, false],
  ['lc', true, true],
  ['c', true, true],
  ['l', true, false],
  ['', false, false],
])('restores a layer of the types "%s": metadata %s, contents %s', (kind, metadata, contents) => {
  const launch: Record<string, string> = kind.includes('l') ? { l: kind } : {}
  const cached: Record<string, string> = kind.includes('c') ? { l: kind } : {}
  const restored = restore({ previous: previous(launch), record: record(cached) }).get(ID)
  expect(TOML in files(restored)).toBe(metadata)
  expect(restored?.kept).toEqual(contents ? [{ layer: 'l', fingerprint: 'of l' }] : [])
})

test.each([
  ['bc', 'restored', 'the cache contains it'],
  ['bl', 'dropped', 'builds need its contents, and it is not cached'],
  ['l', 'metadata restored', 'it is a launch layer without cache = true: its contents remain in the previous image'],
])('explains whether a layer of the types "%s" is restored', (kind, outcome, reason) => {
  const launch: Record<string, string> = kind.includes('l') ? { l: kind } : {}
  const cached: Record<string, string> = kind.includes('c') ? { l: kind } : {}
  const restored = restore({ previous: previous(launch), record: record(cached) }).get(ID)
  expect(restored?.decisions).toEqual([{ layer: 'l', outcome, reason }])
})

test.each([
  ['the cache does not contain', previous({ l: 'lc' }), undefined, 'the cache does not contain it'],
  ['differs in the cache', previous({ l: 'lc' }), record({ l: 'lc' }, {}, B), 'its contents in the cache differ from those in the previous image'],
])('explains why it drops a layer that %s', (_title, image, cache, reason) => {
  expect(restore({ previous: image, record: cache }).get(ID)?.decisions).toEqual([{ layer: 'l', outcome: 'dropped', reason }])
})

test('emits decisions that consider the detected group and changed layers', () => {
  const restoration = restore({ record: record({ l: 'bc', m: 'bc' }, { buildpacks: [
    ...record({ l: 'bc', m: 'bc' }).buildpacks, { id: 'gone', version: '1', layers: record({ l: 'bc' }).buildpacks[0]?.layers ?? {} },
  ] }) })
  const events: CnbEvent[] = []
  const group = { buildpacks: [{ id: ID, version: '1', api: '0.11' }], extensions: [] }
  explainRestored(restoration, group, ['some_bp/m'], { events: (event) => events.push(event) })
  expect(decisionsOf(events)).toEqual([
    'cached layer some/bp:l: restored: the cache contains it',
    'cached layer some/bp:m: dropped: its files have changed since the last build recorded them',
    "cached layer gone:l: dropped: buildpack 'gone' is not in the detected group",
  ])
})

test('drops a launch layer that the cache should contain, but does not', () => {
  expect(restore({ previous: previous({ l: 'lc' }) }).get(ID)).toMatchObject({ entries: [], kept: [], lines: [] })
})

test("removes a cached layer that differs from the image's, and logs it", () => {
  const restored = restore({ previous: previous({ l: 'lc' }), record: record({ l: 'lc' }, {}, B) }).get(ID)
  expect(restored).toMatchObject({ entries: [], kept: [] })
  expect(restored?.lines).toEqual(['Restoring metadata for "some/bp:l" from app image', 'Removing "some/bp:l", wrong sha'])
})

/** Values from the previous image's label, which does not distinguish `2.0` from `2`. */
const LABEL_DATA = { f: 2, i: 2, list: [1, 0.5] }

function withData(): RestorationInput['previous'] {
  const { image, metadata } = previous({ l: 'lc', only: 'l' }, { store: { metadata: LABEL_DATA } })
  const [buildpack] = metadata?.buildpacks ?? []
  if (!metadata || !buildpack) throw new Error('the image has no metadata')
  const layers = new Map([...buildpack.layers].map(([name, layer]) => [name, { ...layer, data: LABEL_DATA }]))
  return { image, metadata: { ...metadata, buildpacks: [{ ...buildpack, layers }] } }
}

function recordWith(data: unknown): CacheRecord {
  const { buildpacks, ...rest } = record({ l: 'lc' })
  return { ...rest, buildpacks: buildpacks.map((buildpack) => ({ ...buildpack, layers: { l: { ...buildpack.layers['l']!, data } } })) }
}

test("restores a layer's numbers from the record, otherwise as floats like the lifecycle", () => {
  const floats = '[metadata]\n  f = 2.0\n  i = 2.0\n  list = [1.0, 0.5]\n'
  const restored = files(restore({ previous: withData(), record: recordWith({ f: 2, i: 2n, list: [1n, 0.5] }) }).get(ID))
  expect(restored[TOML]).toBe('[metadata]\n  f = 2.0\n  i = 2\n  list = [1, 0.5]\n')
  expect(restored['layers/some_bp/only.toml']).toBe(floats)
  expect(restored['layers/some_bp/store.toml']).toBe(floats)
})

test("keeps the image's data if the record has other data", () => {
  const restored = files(restore({ previous: withData(), record: recordWith({ f: 2, i: 3n }) }).get(ID))
  expect(restored[TOML]).toBe('[metadata]\n  f = 2.0\n  i = 2.0\n  list = [1.0, 0.5]\n')
})

test('restores a launch layer that is only in the cache since Platform API 0.14', () => {
  const input = { previous: previous({}), record: record({ l: 'lc' }) }
  expect(files(restore(input).get(ID))).toEqual({ [TOML]: '[metadata]\n  from = "cache"\n' })
  const older = restore({ ...input, plan: aPlan({ platformApi: { major: 0, minor: 13 } }) }).get(ID)
  expect(older).toMatchObject({ entries: [], kept: [] })
})

test("creates files owned by the build user, in the buildpack's directory", () => {
  const restored = restore({ previous: previous({ l: 'l' }), plan: aPlan({ builder: aBuilder({ uid: 42, gid: 43 }) }) }).get(ID)
  expect(restored?.entries).toEqual([
    { type: 'directory', name: 'layers/some_bp', uid: 42, gid: 43, mtime: 7, mode: 0o755, size: 0 },
    { type: 'file', name: TOML, uid: 42, gid: 43, mtime: 7, mode: 0o644, size: 27, content: Buffer.from('[metadata]\n  from = "app"\n') },
  ].map((entry) => ('content' in entry && entry.content ? { ...entry, size: entry.content.length } : entry)))
})

test('restores store.toml even if layers are skipped', () => {
  const input = { previous: previous({ l: 'lc' }, { store: { metadata: { k: 'v' } } }), record: record({ l: 'lc' }) }
  expect(files(restore(input).get(ID))).toHaveProperty(['layers/some_bp/store.toml'], '[metadata]\n  k = "v"\n')
  const skipped = restore({ ...input, skipLayers: true }).get(ID)
  expect(files(skipped)).toEqual({ 'layers/some_bp/store.toml': '[metadata]\n  k = "v"\n' })
  expect(skipped?.kept).toEqual([])
})

test("ignores the cache of another build user", () => {
  const restored = restore({ previous: previous({ l: 'lc', only: 'l' }), record: record({ l: 'lc' }, { uid: 1 }) }).get(ID)
  expect(Object.keys(files(restored))).toEqual(['layers/some_bp/only.toml'])
  expect(restored?.kept).toEqual([])
})

test("restores only the metadata of a cached layer with the name of a buildpack's file", () => {
  const restored = restore({ record: record({ build: 'c' }) }).get(ID)
  expect(Object.keys(files(restored))).toEqual(['layers/some_bp/build.toml'])
  expect(restored?.kept).toEqual([])
})

test('restores the types with the metadata before Buildpack API 0.6', () => {
  const buildpackLayers = { [ID]: { '1': { api: '0.5', layerDiffID: A } } }
  const restored = restore({ previous: previous({ l: 'l' }), plan: aPlan({ builder: aBuilder({ buildpackLayers }) }) }).get(ID)
  expect(files(restored)[TOML]).toBe('build = false\ncache = false\nlaunch = true\n\n[metadata]\n  from = "app"\n')
})

const encoded = (text: string): string => Buffer.from(text).toString('base64')

test("restores SBOM files of cache and image, preferring the image's, for restored directories", () => {
  const sbom = {
    launch: { sha: B, files: { 'some_bp/l/sbom.cdx.json': encoded('launch'), 'some_bp/sbom.cdx.json': encoded('whole'), 'gone/l/sbom.cdx.json': encoded('x') } },
    cache: { sha: A, files: { 'some_bp/l/sbom.cdx.json': encoded('cache'), 'some_bp/c/sbom.spdx.json': encoded('cached') } },
  }
  const input = { previous: previous({ l: 'l' }, { sbom: B }), record: record({}, { sbom }) }
  expect(files(restore(input).get(ID))).toMatchObject({
    'layers/some_bp/l.sbom.cdx.json': 'launch',
    'layers/some_bp/c.sbom.spdx.json': 'cached',
  })
  expect(Object.keys(files(restore(input).get(ID)))).toHaveLength(3)
  expect(restore(input).has('gone')).toBe(false)
  expect(restore({ ...input, previous: previous({}, { sbom: B }) }).get(ID)?.entries).toEqual([])
  expect(Object.keys(files(restore({ ...input, plan: aPlan({ platformApi: { major: 0, minor: 7 } }) }).get(ID)))).toEqual([TOML])
})

test("requires the image's SBOM files only if the record does not contain them", () => {
  const input = { previous: previous({ l: 'l' }, { sbom: B }), record: record({}), plan: aPlan(), skipLayers: false }
  expect(needsLaunchSbom(input)).toBe(true)
  expect(needsLaunchSbom({ ...input, skipLayers: true })).toBe(false)
  expect(needsLaunchSbom({ ...input, previous: previous({ l: 'l' }) })).toBe(false)
  const known = { launch: { sha: B, files: {} } }
  expect(needsLaunchSbom({ ...input, record: record({}, { sbom: known }) })).toBe(false)
  expect(needsLaunchSbom({ ...input, record: record({}, { sbom: known, uid: 1 }) })).toBe(true)
  const launchSbom = new Map([['some_bp/l/sbom.cdx.json', Buffer.from('read')]])
  expect(files(restore({ ...input, launchSbom }).get(ID))).toHaveProperty(['layers/some_bp/l.sbom.cdx.json'], 'read')
})

test('omits names that lead out of the directory', () => {
  const hostile = previous({ '../../etc/x': 'l', '..': 'l', 'a\nb': 'l', ['x'.repeat(251)]: 'l', ['__proto__']: 'l', ok: 'l' })
  expect(Object.keys(files(restore({ previous: hostile }).get(ID))).sort()).toEqual(['layers/some_bp/__proto__.toml', 'layers/some_bp/ok.toml'])
  const buildpacks = ['..', '.', '', 'config', 'sbom', 'a\u0000', 'fine'].map((id) => ({ id, version: '1', layers: record({ l: 'c' }).buildpacks[0]!.layers }))
  expect([...restore({ record: record({}, { buildpacks }) }).keys()]).toEqual(['fine'])
})
