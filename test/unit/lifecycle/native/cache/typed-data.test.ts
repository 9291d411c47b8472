import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTomlData } from '../../../../../src/formats/go/toml-data.ts'
import { markFloats, readFloats } from '../../../../../src/lifecycle/native/cache/typed-data.ts'
import { labelJson } from '../../../../../src/lifecycle/native/export/label-json.ts'
import { parseExactJson } from '../../../../../src/formats/go/exact-json.ts'
import { encodeGoToml } from '../../../../../src/formats/go/toml.ts'

const throughJson = (data: unknown): unknown => readFloats(parseExactJson(labelJson(markFloats(data), 'it')))

test('preserves the kind of each number that a buildpack wrote', () => {
  const toml = `[metadata]
  big = 9223372036854775807
  exponent = 1e3
  float = 2.0
  huge = 1e300
  integer = 2
  large = 4611686018427388000
  list = [[1, 1.0], [-0.0, 0, 0.5]]
  negative = -3.0
  quoted = "2.0"
  when = 1979-05-27T07:32:00Z
  [metadata.sub]
    f = 10000000000000000.0
    i = 10000000000000000
`
  const { metadata } = parseTomlData(Buffer.from(toml), 'x.toml')
  const expected = toml.replace('1e300', `1${'0'.repeat(300)}.0`).replace('1e3', '1000.0').replace('1979-05-27T07:32:00Z', '"1979-05-27T07:32:00Z"')
  expect(encodeGoToml({ metadata: throughJson(metadata) })).toBe(expected)
})

test('preserves any data', () => {
  const scalar = fc.oneof(fc.string(), fc.boolean(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.double({ noNaN: true, noDefaultInfinity: true }))
  const data = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
  })).value
  fc.assert(fc.property(data, (value) => void expect(throughJson(value)).toEqual(value)))
})
