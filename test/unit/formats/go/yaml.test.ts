import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { encodeGoYaml } from '../../../../src/formats/go/yaml.ts'
import { kubectlLists } from './kubectl-lists.ts'

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '../../../../fixtures/golden/yaml', name), 'utf8'))
const answers = read('answers.json') as string[]
const vectors = (read('inputs.json') as unknown[]).map((value, index) => ({ value, text: answers[index] }))

describe('encodeGoYaml', () => {
  it.each(vectors)('writes what sigs.k8s.io/yaml writes: $value', ({ value, text }) => {
    expect(encodeGoYaml(value)).toBe(text)
  })

  it.each(kubectlLists)('writes a list of $name as kubectl does', ({ list, yaml }) => {
    expect(encodeGoYaml(list)).toBe(yaml)
  })

  /** Unlike there: Go prints these characters as they are, and reads U+0085 as a space. */
  it.each([
    ['\u0085', '"\\N"\n'],
    ['\u2028', '"\\L"\n'],
    [`\u2028${'x '.repeat(60)}`, `"\\L${'x '.repeat(39)}x\n  ${'x '.repeat(20)}"\n`],
    ['a\u2028\u2028b', '"a\\L\\Lb"\n'],
    ['a\nb\u2028', '"a\\nb\\L"\n'],
    ['a\nb\u2028c', '"a\\nb\\Lc"\n'],
    ['a\u2029\n', '"a\\P\\n"\n'],
    ['a\u202eb\u2066', '"a\\u202Eb\\u2066"\n'],
    [{ 'a\u202eb': 1 }, '"a\\u202Eb": 1\n'],
    [{ 'a\u2028b': 1 }, '? "a\\Lb"\n: 1\n'],
    [{ 'a\nb\u2028': 1 }, '? "a\\nb\\L"\n: 1\n'],
  ])('escapes characters that control a terminal: %j', (value, text) => {
    expect(encodeGoYaml(value)).toBe(text)
  })

  it('writes integers of 64 bits, and omits what JSON omits', () => {
    expect(encodeGoYaml({ a: 9007199254740993n, b: undefined, c: [undefined] })).toBe('a: 9007199254740993\nc:\n- null\n')
  })

  it('writes YAML 1.1 that has the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value))
        expect(parse(encodeGoYaml(plain), { version: '1.1' })).toEqual(plain)
      }),
    )
  })

  it('writes strings, lists and maps that a parser reads back', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', '0', '9', ' ', '\n', '\t', ':', '#', '-', '.', "'", '"', '\\', '{', ']', '|', '?', '~', 'é', '😀'), maxLength: 120 })
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, text, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b', 'true', '1', 'x y'), tie('value'), { maxKeys: 3 })),
    }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (data) => {
        expect(parse(encodeGoYaml(data), { schema: 'failsafe' })).toEqual(data)
      }),
    )
  })

  it('refuses a nesting that no real document has', () => {
    let value: unknown = 1
    for (let depth = 0; depth < 600; depth++) value = [value]
    expect(() => encodeGoYaml(value)).toThrow('it is nested deeper than 500 levels')
  })
})
