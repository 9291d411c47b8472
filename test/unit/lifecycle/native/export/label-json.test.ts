import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTomlData } from '../../../../../src/formats/go/toml-data.ts'
import { labelJson } from '../../../../../src/lifecycle/native/export/label-json.ts'

const json = (toml: string): string => labelJson(parseTomlData(Buffer.from(toml), 'x.toml'), 'x')

test('encodes data like Go: keys sorted by bytes, HTML escaped, large integers preserved', () => {
  expect(json('b = "<&>\\u2028"\nB = 9007199254740993\n"é" = -0.0\na = [1.0, 1e21, 1e-9]\n')).toBe(
    '{"B":9007199254740993,"a":[1,1e+21,1e-9],"b":"\\u003c\\u0026\\u003e\\u2028","é":-0}',
  )
})

test('encodes times by RFC 3339, in UTC if they have no zone', () => {
  expect(json('a = 2020-01-02T03:04:05.120+02:00\nb = 2020-01-02\nc = 03:04:05.5\n')).toBe(
    '{"a":"2020-01-02T03:04:05.12+02:00","b":"2020-01-02T00:00:00Z","c":"0000-01-01T03:04:05.5Z"}',
  )
})

test('encodes absent data as null, and an empty table as an empty object', () => {
  expect(labelJson(undefined, 'x')).toBe('null')
  expect(labelJson({}, 'x')).toBe('{}')
})

test.each([[NaN], [Infinity], [-Infinity]])('rejects %d with the name of the value', (number) => {
  expect(() => labelJson({ a: [number] }, 'layer l')).toThrow(/cannot write layer l into a label/)
})

test('rejects excessive nesting before it exhausts the stack', () => {
  const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 1)
  expect(() => labelJson(deep, 'x')).toThrow(/nested deeper than/)
})

test('returns JSON that parses to the input', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(JSON.parse(labelJson(value, 'x'))).toEqual(value)
    }),
  )
})
