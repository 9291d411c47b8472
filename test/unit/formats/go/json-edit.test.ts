import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editJsonObject } from '../../../../src/formats/go/json-edit.ts'

const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 })
const spacing = fc.constantFrom(undefined, 2, '\t')

test('changes one member and keeps all others, with any spacing', () => {
  fc.assert(
    fc.property(object, fc.string(), fc.jsonValue(), spacing, (value, key, replacement, space) => {
      const edited = editJsonObject(JSON.stringify(value, undefined, space), { [key]: () => JSON.stringify(replacement) })
      const expected = Object.fromEntries([...Object.entries(value).filter(([name]) => name !== key), [key, replacement]])
      expect(JSON.parse(edited)).toEqual(JSON.parse(JSON.stringify(expected)))
    }),
  )
})

test('returns text without spaces byte for byte if nothing is edited', () => {
  fc.assert(fc.property(object, (value) => editJsonObject(JSON.stringify(value), {}) === JSON.stringify(value)))
})

test('keeps the order of numeric keys, large integers and repeated keys, which a JavaScript object would lose', () => {
  const text = '{"9":1,"10":12345678901234567890,"b":{"2":0,"1":1e3},"b":[ {} , "}" ],"a":"\\u003c\\"}"}'
  expect(editJsonObject(text, { new: () => 'true' })).toBe(`${text.slice(0, -1)},"new":true}`)
})

test('passes the current text of its member to an edit, and removes the member for undefined', () => {
  const seen: (string | undefined)[] = []
  const edited = editJsonObject('{"a": [1, 2] ,"b":"x","c":-1}', {
    a: (json) => {
      seen.push(json)
      return undefined
    },
    c: (json) => {
      seen.push(json)
      return '2'
    },
    d: (json) => {
      seen.push(json)
      return undefined
    },
  })
  expect(edited).toBe('{"b":"x","c":2}')
  expect(seen).toEqual(['[1, 2]', '-1', undefined])
})

test('treats a key with escapes as the same key', () => {
  expect(editJsonObject('{"\\u0061":1}', { a: () => '2' })).toBe('{"a":2}')
})

test('uses no stack for deep values', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  expect(editJsonObject(`{"deep":${deep},"a":1}`, { a: () => '2' })).toBe(`{"deep":${deep},"a":2}`)
})
