import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTomlData } from '../../../../src/formats/go/toml-data.ts'
import { labelJson } from '../../../../src/lifecycle/native/export/label-json.ts'
import { parseExactJson } from '../../../../src/formats/go/exact-json.ts'
import { encodeGoToml } from '../../../../src/formats/go/toml.ts'

/** Values that JSON, and thus a label, can represent; TOML has no null. */
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.boolean(),
  fc.integer().map(BigInt),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)
const key = fc.oneof(fc.string(), fc.constantFrom('', 'a.b', 'constructor', '__proto__', 'tôst', '1', '10', '9'))
const table = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('value'), { maxLength: 4 }), tie('table')),
  table: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((members) => Object.fromEntries(members) as Record<string, unknown>),
})).table

test('writes TOML that reads back equal, with the same label', () => {
  fc.assert(
    fc.property(table, (metadata) => {
      const read = parseTomlData(Buffer.from(encodeGoToml({ metadata })), 'x.toml')
      expect(labelJson(read['metadata'], 'it')).toBe(labelJson(metadata, 'it'))
    }),
    { numRuns: 300 },
  )
})

test("keeps the bytes of a label's JSON, with integers of any size", () => {
  fc.assert(
    fc.property(table, (data) => {
      const json = labelJson(data, 'it')
      expect(labelJson(parseExactJson(json), 'it')).toBe(json)
    }),
    { numRuns: 300 },
  )
})

test("writes tables in the lifecycle's order and indentation", () => {
  const metadata = {
    version: '1.2', zeta: [1n, 2.5], flag: true, sub: { b: 0.5, a: 1e-7, 'two words': { x: 'y' } },
    list: [{ n: 1n }, { n: 2n, deep: { q: '"\t\u0001é' } }], mixed: [{ b: 2n, a: { c: [] } }, 'text'], gone: null,
  }
  expect(encodeGoToml({ metadata })).toBe(`[metadata]
  flag = true
  mixed = [{b = 2, a = {c = []}}, "text"]
  version = "1.2"
  zeta = [1, 2.5]

  [[metadata.list]]
    n = 1

  [[metadata.list]]
    n = 2
    [metadata.list.deep]
      q = "\\"\\t\\u0001é"
  [metadata.sub]
    a = 0.0000001
    b = 0.5
    [metadata.sub."two words"]
      x = "y"
`)
})

test('writes integers without a point, and floats with one', () => {
  const written = (value: unknown): string => encodeGoToml({ a: value }).trim().slice(4)
  expect(written(9007199254740993n)).toBe('9007199254740993')
  expect(written(42n)).toBe('42')
  expect(written(42)).toBe('42.0')
  expect(written(-0)).toBe('-0.0')
  expect(written(Infinity)).toBe('inf')
  expect(written(2 ** 62)).toBe('4611686018427388000.0')
  expect(written(1e23)).toBe('100000000000000000000000.0')
  expect(written(-1.5e-9)).toBe('-0.0000000015')
})

test.each([
  ['an empty table', {}, '[metadata]\n'],
  ['nothing', null, ''],
  ['a string', 'x', 'metadata = "x"\n'],
  ['a list', ['x', null], 'metadata = ["x"]\n'],
  ['a list of tables', [{ a: 1n }], '[[metadata]]\n  a = 1\n'],
])('encodes metadata with %s', (_what, metadata, text) => {
  expect(encodeGoToml({ metadata })).toBe(text)
})
