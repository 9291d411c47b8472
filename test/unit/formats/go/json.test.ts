import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, encodeGoString, encodeGoValue } from '../../../../src/formats/go/json.ts'

test('writes JSON that reads back equal', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      expect(JSON.parse(encodeGoValue(value))).toEqual(value)
    }),
  )
})

test('escapes characters that could end a script or a line of JavaScript', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '\u2028', '\u2029', '\\', '"', 'a') }), (text) => !/[<>&\u2028\u2029]/.test(encodeGoString(text))))
})

test('replaces a lone surrogate with the replacement character', () => {
  expect(encodeGoString('a\ud800b😀')).toBe('"a\ufffdb😀"')
})

test('sorts by the bytes of UTF-8, not by UTF-16', () => {
  expect(['😀', '\uFFFD', 'a', 'B'].sort(compareBytes)).toEqual(['B', 'a', '\uFFFD', '😀'])
})
