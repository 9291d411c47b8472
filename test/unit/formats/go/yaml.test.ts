import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { encodeGoYaml } from '../../../../src/formats/go/yaml.ts'
import { answers, inputs } from '../../../support/kpack-decisions.ts'

const documents = inputs.yaml.map((value, index) => ({ value, text: answers.yaml[index] ?? '' }))

describe('encodeGoYaml', () => {
  it.each(documents)('writes what sigs.k8s.io/yaml writes: %#', ({ value, text }) => {
    expect(encodeGoYaml(value)).toBe(text)
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
