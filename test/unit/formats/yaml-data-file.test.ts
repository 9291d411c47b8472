import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseYamlData } from '../../../src/formats/yaml/data-file.ts'
import { stringifyYaml } from '../../../src/formats/yaml.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', '1', '0', 'x', 'e', '.', '-', ':', ' ', '#', '"', "'", '\\', '[', '{', '~', '+', '\n', '%', '!', '&', '*', '|', '?', ',') }),
  fc.constantFrom('null', 'true', 'yes', '1', '1.0', '0x1', '.inf', '---', '- a', '? a', 'a: b', '__proto__', 'constructor', '2024-05-01T10:00:00Z', '1.2.3'),
)
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('value')), fc.dictionary(text, tie('value'))),
})).value

describe('parseYamlData', () => {
  it('reads what stringifyYaml wrote', () => {
    fc.assert(
      fc.property(fc.dictionary(text, value), (resource) => {
        const plain: unknown = JSON.parse(JSON.stringify(resource))
        expect(parseYamlData(stringifyYaml(plain as object))).toEqual(plain)
      }),
      { numRuns: 300 },
    )
  })

  it('reads edited text as the yaml package does, or throws', () => {
    const line = fc.tuple(fc.constantFrom('', '  ', '    ', '- ', '  - ', '- - '), fc.constantFrom('a: ', 'b:', '"a": ', "'c':", '', 'a : '), text.filter((part) => !part.includes('\n')))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const source = lines.map((parts) => `${parts.join('')}\n`).join('')
        expect(outcome(() => parseYamlData(source))).toEqual(outcome(() => parse(source, { maxAliasCount: 0, logLevel: 'error' })))
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['a comment', '# edited\na: 1 # why\n', { a: 1 }],
    ['flow style', 'a: {b: [1, 2]}\n', { a: { b: [1, 2] } }],
    ['block text', 'a: |\n  one\n  two\n', { a: 'one\ntwo\n' }],
    ['a text of two lines', 'a: one\n  two\n', { a: 'one two' }],
    ['no line end', 'a: 1', { a: 1 }],
    ['lists that are not indented', 'a:\n- b: 1\n  c: 2\n', { a: [{ b: 1, c: 2 }] }],
  ])('reads %s', (_title, source, expected) => {
    expect(parseYamlData(source)).toEqual(expected)
  })

  it.each([
    ['an alias', 'a: &x [1]\nb: *x\n', /Alias/],
    ['two equal keys', 'a: 1\na: 2\n', /unique/],
    ['an open quote', 'a: "b\n', /quote/],
    ['two documents', 'a: 1\n---\nb: 1\n', /multiple documents/],
  ])('refuses %s', (_title, source, message) => {
    expect(() => parseYamlData(source)).toThrow(message)
  })
})

function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() }
  } catch {
    return 'error'
  }
}
