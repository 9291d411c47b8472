import { expect, test } from 'vitest'
import { parseTomlData } from '../../../../src/formats/go/toml-data.ts'

const value = (toml: string): unknown => parseTomlData(Buffer.from(`a = ${toml}\n`), 'x.toml')['a']

test.each([
  ['9007199254740993', 9007199254740993n],
  ['-9223372036854775808', -9223372036854775808n],
  ['1.0', 1],
  ['0x10', 16n],
  ['-0.0', -0],
  ['[1, "two", {three = 3.5}]', [1n, 'two', { three: 3.5 }]],
  ['1979-05-27T00:32:00.999999-07:00', '1979-05-27T00:32:00.999999-07:00'],
  ['1979-05-27 07:32:00.5000z', '1979-05-27T07:32:00.5Z'],
  ['1979-05-27T07:32:00+00:00', '1979-05-27T07:32:00Z'],
  ['1979-05-27T07:32:00', '1979-05-27T07:32:00Z'],
  ['1979-05-27', '1979-05-27T00:00:00Z'],
  ['07:32:00.120', '0000-01-01T07:32:00.12Z'],
  ['07:32:00.1234567891', '0000-01-01T07:32:00.123456789Z'],
  ['[07:32:00.12345, "07:32:00.12345"] # 07:32:00.12345', ['0000-01-01T07:32:00.12345Z', '07:32:00.12345']],
  ["[07:32:00.12345, '''it''s 07:32:00.12345''']", ['0000-01-01T07:32:00.12345Z', "it''s 07:32:00.12345"]],
  ['[07:32:00.12345, """\\"07:32:00.12345"""""]', ['0000-01-01T07:32:00.12345Z', '"07:32:00.12345""']],
])('parses %s like Go', (toml, expected) => {
  expect(value(toml)).toEqual(expected)
})

test.each([
  ['9223372036854775808', /out of range/],
  ['1979-13-27T00:00:00.12345Z', /not valid TOML/],
  ['"unfinished', /line 1, column/],
  [`${'['.repeat(600)}${']'.repeat(600)}`, /nested/],
  ['1\na = 2', /not valid TOML/],
])('rejects %s', (toml, message) => {
  expect(() => value(toml)).toThrow(expect.objectContaining({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringMatching(message) }))
})

test('rejects bytes that are not UTF-8, and skips a byte-order mark', () => {
  expect(() => parseTomlData(Buffer.from([0x61, 0x3d, 0x22, 0xff, 0x22]), 'x.toml')).toThrow(/x\.toml is not valid TOML/)
  expect(parseTomlData(Buffer.from('\uFEFFa = 1'), 'x.toml')).toEqual({ a: 1n })
})

const valueLimit = { code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringMatching(/x\.toml.*exceeds 1000000 values/) as string }

test.each(['1,', '[],', '{},', '{a=1},'])('rejects a million of %s before it uses memory', (item) => {
  expect(() => value(`[${item.repeat(1_000_000)}]`)).toThrow(expect.objectContaining(valueLimit))
})

test('counts the values of several documents together, and ignores values in strings', () => {
  const budget = { left: 3 }
  const read = (toml: string): unknown => parseTomlData(Buffer.from(toml), 'x.toml', budget)
  read('a = "=,[=,["')
  read("b = '''=,[''' # =,[\n")
  read('c = 1')
  expect(() => read('d = 1')).toThrow(expect.objectContaining(valueLimit))
})

test('reads a string of several MiB with many escapes, and rejects an unterminated one', () => {
  const json = '{\\"a\\": \\"b\\"}'.repeat(200_000)
  expect(value(`"${json}"`)).toHaveLength(10 * 200_000)
  expect(() => value(`"${json}\n07:32:00.12345`)).toThrow(/not valid TOML/)
})

test('does not let a key reach a prototype', () => {
  const table = parseTomlData(Buffer.from('[__proto__]\npolluted = true\n[constructor]\ny = 1\n'), 'x.toml')
  expect(Object.keys(table)).toEqual(['__proto__', 'constructor'])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})
