import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseToml, stringifyToml } from '../../../src/formats/toml.ts'
import { anyCharacter } from '../../support/characters.ts'

describe('parseToml', () => {
  it('skips a byte-order mark and accepts Windows line endings', () => {
    expect(parseToml('\uFEFFa = 1\r\n[b]\r\nc = "d"\r\n', 'x.toml')).toMatchObject({ a: 1, b: { c: 'd' } })
  })

  it.each([
    ['keys of tables', (levels: number) => `[a${'.a'.repeat(levels - 2)}]\nb = 1\n`],
    ['dotted keys', (levels: number) => `a${'.a'.repeat(levels - 1)} = 1\n`],
    ['lists', (levels: number) => `a = ${'['.repeat(levels - 1)}1${']'.repeat(levels - 1)}\n`],
  ])('accepts %s in 100 levels, and no more', (_, nested) => {
    expect(parseToml(nested(100), 'x.toml')).toHaveProperty('a')
    const error = expect.objectContaining({ code: 'CNB_DESCRIPTOR_INVALID', message: 'x.toml has values in more than 100 levels' }) as Error
    for (const levels of [101, 3000]) expect(() => parseToml(nested(levels), 'x.toml')).toThrow(error)
  })

  it.each([
    ['a =\n', 1, 4],
    ['a = 1\nb = "x\n', 2, 7],
    ['a = 1\na = 2\n', 2, 6],
    ['[a\n', 1, 3],
    ['x = 1\n\n  = 2', 3, 3],
    ['a = [1, 2', 1, 10],
  ])('reports the position of the error in %j, from 1', (text, line, column) => {
    expect(() => parseToml(text, 'x.toml')).toThrow(
      expect.objectContaining({
        code: 'CNB_DESCRIPTOR_INVALID',
        message: expect.stringMatching(/^x\.toml is not valid TOML: [^\n]+$/),
        position: { file: 'x.toml', line, column },
      }),
    )
  })

  it("separates the document's keys from inherited properties", () => {
    const table = parseToml('__proto__ = 1\nconstructor = 2\n[a.__proto__]\nb = 3\n', 'x.toml')
    expect(Object.keys(table)).toEqual(['__proto__', 'constructor', 'a'])
    expect(({} as Record<string, unknown>)['b']).toBeUndefined()
  })

  it.each(['[toString]\na = 1\n', '[[a.hasOwnProperty]]\n', '["to\\u0053tring"]\nb = 1\n', '[constructor]\nc = 1\n'])('rejects %j, which would modify every object', (text) => {
    expect(() => parseToml(text, 'x.toml')).toThrow(expect.objectContaining({ code: 'CNB_DESCRIPTOR_INVALID', position: expect.objectContaining({ line: 1 }) as object }))
    expect(Object.values(Object.getOwnPropertyDescriptors(Object.prototype)).flatMap(({ value }) => Object.keys(Object(value) as object))).toEqual([])
  })

  it('returns a table or throws a CnbError for any text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', '.', '=', '[', ']', '"', "'", '\n', ' ', '1', '-', ':', '{', '}', ',', '\\', 'u', '#', '\t', 'é'),
          maxLength: 30,
        }),
        (text) => {
          try {
            expect(typeof parseToml(text, 'x.toml')).toBe('object')
          } catch (error) {
            expect(error).toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', position: { file: 'x.toml' } })
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('stringifyToml', () => {
  // parseToml rejects tables with the names of inherited functions.
  const text = fc.string({ unit: anyCharacter, maxLength: 8 }).filter((name) => !(name in Object.prototype))
  const key = fc.oneof(text, fc.constantFrom('', 'a.b', '"', '\n', 'é'))
  const value = fc.oneof(
    text,
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
  )
  const table = fc.dictionary(key, fc.oneof(value, fc.array(text), fc.dictionary(key, value), fc.array(fc.dictionary(key, value))))

  it('writes documents that parseToml reads back', () => {
    fc.assert(
      fc.property(table, (written) => {
        expect(plain(parseToml(stringifyToml(written), 'x.toml'))).toEqual(plain(written))
      }),
    )
  })

  it('omits undefined values', () => {
    expect(stringifyToml({ a: undefined, b: 1, c: { d: undefined } })).not.toMatch(/a|d/)
  })
})

const plain = (table: object): unknown => JSON.parse(JSON.stringify(table))
