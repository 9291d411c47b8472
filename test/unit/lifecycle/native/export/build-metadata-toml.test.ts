import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CnbError } from '../../../../../src/base/errors.ts'
import { stringifyToml } from '../../../../../src/formats/toml.ts'
import { buildMetadataJson } from '../../../../../src/lifecycle/native/export/build-metadata-label.ts'
import { readBuildMetadataToml } from '../../../../../src/lifecycle/native/export/build-metadata-toml.ts'

const NEW = { major: 0, minor: 15 }
const OLD = { major: 0, minor: 9 }
const LAUNCHER = { version: '1', repository: '', commit: '' }

const read = (text: string, api = NEW) => readBuildMetadataToml(Buffer.from(text), api)

test('reads a command as a list, or as the string of older builders', () => {
  expect(read('[[processes]]\ntype = "a"\ncommand = ["x", "y"]\n').processes?.[0]?.command).toEqual(['x', 'y'])
  expect(read('[[processes]]\ntype = "a"\ncommand = "x y"\n').processes?.[0]?.command).toEqual(['x y'])
})

test("accepts keys in another letter case, like Go's decoder, and preserves those of metadata", () => {
  const { processes, bom } = read('[[Processes]]\nType = "a"\nCommand = ["x"]\n[[BOM]]\nName = "n"\n[BOM.Metadata]\nKey = 1\n')
  expect(processes).toMatchObject([{ type: 'a', command: ['x'] }])
  expect(bom).toMatchObject([{ name: 'n', metadata: { Key: 1n } }])
})

test('splits a command into one word and arguments before Platform API 0.10', () => {
  const text = '[[processes]]\ntype = "a"\ncommand = ["x", "y"]\nargs = ["z"]\n'
  expect(read(text, OLD).processes?.[0]).toMatchObject({ command: ['x'], args: ['y', 'z'] })
  expect(buildMetadataJson(read(text, OLD), LAUNCHER, OLD)).toContain('"command":"x","args":["y","z"]')
})

test('rejects a process without a command before Platform API 0.10, and reads it as null since', () => {
  const text = '[[processes]]\ntype = "a"\n'
  expect(() => read(text, OLD)).toThrow(/'a' has no command/)
  expect(buildMetadataJson(read(text), LAUNCHER, NEW)).toContain('"command":null,"args":null')
})

test('writes missing lists as null into the label, and empty ones as empty', () => {
  expect(buildMetadataJson(read(''), LAUNCHER, NEW)).toBe(
    '{"buildpacks":null,"launcher":{"version":"1","source":{"git":{"repository":"","commit":""}}},"processes":null}',
  )
  expect(buildMetadataJson(read('buildpacks = []\nprocesses = []\n'), LAUNCHER, NEW)).toBe(
    '{"buildpacks":[],"launcher":{"version":"1","source":{"git":{"repository":"","commit":""}}},"processes":[]}',
  )
})

test('writes the bill of materials of old buildpacks into the label up to Platform API 0.8', () => {
  const bom = read('[[bom]]\nname = "x"\n[bom.metadata]\nv = 1\n[bom.buildpack]\nid = "b"\nversion = "2"\n')
  expect(buildMetadataJson(bom, LAUNCHER, { major: 0, minor: 8 })).toMatch(
    /^\{"bom":\[\{"name":"x","metadata":\{"v":1\},"buildpack":\{"id":"b","version":"2"\}\}\],/,
  )
  expect(buildMetadataJson(bom, LAUNCHER, OLD)).not.toContain('"bom"')
})

test.each([
  ['invalid TOML', 'x = '],
  ['a process that is a string', 'processes = ["web"]'],
  ['processes that are a table', '[processes]\ntype = "web"'],
  ['a number as the type', '[[processes]]\ntype = 1'],
  ['a number in a command', '[[processes]]\ntype = "a"\ncommand = [1]'],
  ['a label without text', '[[labels]]\nkey = "a"\nvalue = 2'],
  ['slices that are a string', 'slices = "a"'],
])('rejects %s with the file’s name', (_what, text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining('/layers/config/metadata.toml') as string }) as Error)
})

test('reads a file of many MiB', () => {
  const value = 'x'.repeat(9 * 1024 * 1024)
  expect(read(`[[labels]]\nkey = "a"\nvalue = "${value}"`).labels).toEqual([{ key: 'a', value }])
})

test('reads any content, or rejects it with a CnbError', () => {
  const keys = ['bom', 'buildpacks', 'extensions', 'labels', 'processes', 'slices', 'buildpack-default-process-type', 'type', 'command', 'args']
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, fc.string(), fc.integer(), fc.boolean(), fc.array(tie('table'), { maxLength: 3 }), tie('table')),
    table: fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 5 }),
  })).table
  fc.assert(
    fc.property(value, fc.constantFrom(NEW, OLD), (table, api) => {
      try {
        JSON.parse(buildMetadataJson(read(stringifyToml(table), api), LAUNCHER, api))
      } catch (error) {
        expect(error).toBeInstanceOf(CnbError)
        expect(error).toMatchObject({ code: 'CNB_EXPORT_FAILED' })
      }
    }),
  )
})
