import { expect, test } from 'vitest'
import { parseExactJson } from '../../../../src/formats/go/exact-json.ts'

test.each([
  ['9007199254740993', 9007199254740993n],
  ['-9223372036854775808', -9223372036854775808n],
  ['9007199254740991', 9007199254740991],
  // Go prints a float of this size the same way.
  ['10000000000000000', 1e16],
  ['4611686018427387904', 4611686018427387904n],
  ['9223372036854775808', 9223372036854775808],
  ['1e400', Infinity],
  ['"9007199254740993"', '9007199254740993'],
  ['{"\\"9007199254740993": [9007199254740993]}', { '"9007199254740993': [9007199254740993n] }],
])('parses %s', (json, value) => {
  expect(parseExactJson(json)).toEqual(value)
})

test('reads hostile JSON with the internal mark safely', () => {
  expect(parseExactJson('[{"\\u0000integer": "(()=>0)()"}, 9007199254740993]')).toEqual([null, 9007199254740993n])
})

test.each(['', '{', '[1,]', '{"a":01}', '9007199254740993x', '"a', '"\\', '{"a":9007199254740993'])('rejects %j', (json) => {
  expect(() => parseExactJson(json)).toThrow()
})

test('limits the nesting depth, and ignores brackets in strings', () => {
  expect(() => parseExactJson('['.repeat(501) + ']'.repeat(501))).toThrow(/nested/)
  expect(parseExactJson(`"${'['.repeat(1000)}"`)).toBe('['.repeat(1000))
  expect(parseExactJson('[[],[]]')).toEqual([[], []])
})
