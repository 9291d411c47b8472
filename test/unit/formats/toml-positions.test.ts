import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'smol-toml'
import { locateTomlKeys } from '../../../src/formats/toml-positions.ts'

const TEXT = `# a comment with [brackets] and "quotes"
top = "x"
"quoted.key" = 1
a.b.'c d' = true
text = """
[not.a.table]
key = 1""""

list = [ # comment ]
  "one, two", 'three',
  { x = 1, y = { z = "}" } },
]

[table . sub]
key = 1979-05-27 07:32:00

[[order]]
[[order.group]]
id = "a"
[[order.group]]
id = "b"
[[order]]
[[order.group]]
id = "c"
`

describe('locateTomlKeys', () => {
  const locate = locateTomlKeys(TEXT)

  test.each([
    [['top'], 2, 1],
    [['quoted.key'], 3, 1],
    [['a', 'b', 'c d'], 4, 1],
    [['text'], 5, 1],
    [['list'], 9, 1],
    [['list', 1], 10, 15],
    [['list', 2], 11, 3],
    [['list', 2, 'y'], 11, 12],
    [['list', 2, 'y', 'z'], 11, 18],
    [['table', 'sub', 'key'], 15, 1],
    [['order', 0], 17, 3],
    [['order', 0, 'group', 1, 'id'], 21, 1],
    [['order', 1, 'group', 0, 'id'], 24, 1],
  ])('locates %j at line %i, column %i', (path, line, column) => {
    expect(locate(path)).toEqual({ line, column })
  })

  test('locates a missing key at the table that should contain it', () => {
    expect(locate(['order', 1, 'group', 0, 'version'])).toEqual({ line: 23, column: 3 })
    expect(locate(['nowhere'])).toBeUndefined()
  })

  test('ignores tables in strings', () => {
    expect(locate(['not'])).toBeUndefined()
  })

  test('counts lines correctly with a byte-order mark and Windows line endings', () => {
    expect(locateTomlKeys('\uFEFFa = 1\r\nb = 2\r\n')(['b'])).toEqual({ line: 2, column: 1 })
  })

  test('finds every key of a written document on a line with the key', () => {
    const key = fc.string({ minLength: 1, maxLength: 5, unit: fc.constantFrom('a', 'b', '-', '_', '1') })
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean())
    const table = fc.dictionary(key, fc.oneof(scalar, fc.array(fc.string()), fc.array(fc.dictionary(key, scalar), { maxLength: 3 })))
    fc.assert(
      fc.property(table, (document) => {
        const text = stringify(document)
        const find = locateTomlKeys(text)
        const lines = text.split('\n')
        for (const name of Object.keys(document)) {
          const value = document[name]
          // An empty list of tables looks like one of strings; both are written as a pair.
          const position = find([name])
          expect(lines[(position?.line ?? 0) - 1]?.slice((position?.column ?? 0) - 1)).toMatch(new RegExp(`^"?${name}`))
          if (!Array.isArray(value)) continue
          value.forEach((item, index) => {
            if (typeof item === 'object') for (const inner of Object.keys(item)) expect(find([name, index, inner])).toBeDefined()
          })
        }
      }),
    )
  })

  test('ends without an error for text that is not TOML', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', "'", '=', '.', ',', '\n', 'a', '\\', '#') }), (text) => {
      locateTomlKeys(text)(['a'])
    }))
  })

  test('does not follow endlessly nested values', () => {
    expect(locateTomlKeys(`a = ${'['.repeat(100_000)}`)(['a'])).toEqual({ line: 1, column: 1 })
  })
})
