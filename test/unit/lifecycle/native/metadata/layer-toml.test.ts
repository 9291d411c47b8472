import { expect, test } from 'vitest'
import { layerToml, readLayerToml, readStoreToml, storeToml } from '../../../../../src/lifecycle/native/metadata/layer-toml.ts'

const read = (toml: string, api = '0.10') => readLayerToml(Buffer.from(toml), api, '/layers/bp/dist.toml')

test('reads types and metadata', () => {
  expect(read('[types]\nlaunch = true\ncache = true\n[metadata]\nversion = "1"\nbuilt = 2020-01-02T03:04:05Z\n')).toEqual({
    build: false, launch: true, cache: true, data: { version: '1', built: '2020-01-02T03:04:05Z' },
  })
})

test('reads an empty file as a layer without types and metadata, and an empty table as metadata', () => {
  expect(read('')).toEqual({ build: false, launch: false, cache: false, data: null })
  expect(read('[metadata]\n').data).toEqual({})
  expect(read('metadata = "text"\n').data).toBe('text')
})

test("accepts keys in another letter case, like Go's decoder", () => {
  expect(read('[Types]\nLaunch = true\n[METADATA]\na = 1\n')).toEqual({ build: false, launch: true, cache: false, data: { a: 1n } })
  expect(read('[types]\nlaunch = false\nLAUNCH = true\n').launch).toBe(false)
})

test.each([
  ['launch = true\n', /types table/],
  ['[cache]\n', /types table/],
  ['[types]\nlaunch = "true"\n', /'types.launch' must be true or false/],
  ['types = true\n', /'types' must be a table/],
  ['[types\n', /not valid TOML/],
])('returns %j as malformed', (toml, message) => {
  expect(read(toml)).toEqual({ build: false, launch: false, cache: false, data: null, malformed: expect.stringMatching(message) })
})

test('reads and restores the types as top-level keys before Buildpack API 0.6', () => {
  expect(read('launch = true\n[metadata]\na = 1\n', '0.5')).toEqual({ build: false, launch: true, cache: false, data: { a: 1n } })
  const layer = { build: false, launch: true, cache: false, data: { a: 1n } }
  expect(read(layerToml(layer, '0.5'), '0.5')).toEqual(layer)
})

test('writes a restored file without types', () => {
  expect(layerToml({ build: true, launch: true, cache: true, data: { a: 1n, b: { c: 'x' } } }, '0.10')).toBe(
    '[metadata]\n  a = 1\n  [metadata.b]\n    c = "x"\n',
  )
  expect(layerToml({ build: true, launch: true, cache: true, data: null }, '0.10')).toBe('')
})

test('reads and writes store.toml', () => {
  expect(readStoreToml(Buffer.from('[metadata]\na = 1\n'), 'bp')).toEqual({ a: 1n })
  expect(readStoreToml(Buffer.from(''), 'bp')).toBeNull()
  expect(storeToml({ a: 1n })).toBe('[metadata]\n  a = 1\n')
  expect(storeToml(null)).toBe('')
  for (const malformed of ['metadata = 1', '[metadata']) {
    expect(() => readStoreToml(Buffer.from(malformed), 'bp')).toThrow(expect.objectContaining({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining("'bp'") }))
  }
})
