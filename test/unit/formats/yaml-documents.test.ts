import { describe, expect, it } from 'vitest'
import type { CnbError } from '../../../src/base/errors.ts'
import { parseYamlDocuments } from '../../../src/formats/yaml/documents.ts'

const values = (text: string) => parseYamlDocuments(text, 'f.yaml').map(({ value }) => value)

function fault(text: string): string {
  try {
    parseYamlDocuments(text, 'f.yaml')
    return 'none'
  } catch (thrown) {
    const { code, message, position } = thrown as CnbError
    expect([code, position?.file]).toEqual(['CNB_RESOURCE_INVALID', 'f.yaml'])
    return `${position?.line ?? ''}:${position?.column ?? ''} ${message}`
  }
}

describe('parsing YAML documents', () => {
  it('reads several documents, and leaves out empty ones', () => {
    expect(values('a: 1\n---\n# comment\n---\n---\nb: {c: [x, null]}\n...\n')).toEqual([{ a: 1 }, { b: { c: ['x', null] } }])
  })

  it('reads JSON with tabs, escapes and a byte order mark', () => {
    expect(values('\ufeff{\n\t"a": "\\u00e4\\ud83d\\ude00\\/",\n\t"b": [1, true, {}]\n}')).toEqual([{ a: 'ä😀/', b: [1, true, {}] }])
  })

  it('reads keys as JSON has them', () => {
    expect(values('1: a\non: b\n"2": c\n__proto__: d')).toEqual([Object.fromEntries([['1', 'a'], ['true', 'b'], ['2', 'c'], ['__proto__', 'd']])])
  })

  it('reads numbers as kubectl does, and larger integers with a prefix as text', () => {
    expect(values('[010, 0x1f, 1_000, .3_1, .3__1, -0, 0b-1, 0xffffffffffffffff, 0x10000000000000000, 18446744073709551616, 1e999]')).toEqual(
      [[8, 31, 1000, 0.31, '.3__1', 0, -1, 2 ** 64, '0x10000000000000000', 2 ** 64, '1e999']],
    )
  })

  it('merges mappings without changing own keys', () => {
    expect(values('a: &a {p: 1, q: 2}\nb: &b {q: 3, r: 4}\nc: {<<: [*a, *b], p: 5}\nd: {"<<": 6}')).toEqual([
      { a: { p: 1, q: 2 }, b: { q: 3, r: 4 }, c: { p: 5, q: 2, r: 4 }, d: { '<<': 6 } },
    ])
  })

  it('finds the position of a key, of an item, or of the nearest parent', () => {
    const [document] = parseYamlDocuments('# c\na:\n  b: &x\n  - c: 1\n  - d: 2\ne: *x\n', 'f.yaml')
    const at = (...path: (string | number)[]) => Object.values(document?.position(path) ?? {}).slice(1)
    expect([at(), at('a', 'b'), at('a', 'b', 1), at('a', 'b', 1, 'd'), at('a', 'b', 9, 'x'), at('e', 0, 'c'), at('q')]).toEqual(
      [[2, 1], [3, 3], [5, 5], [5, 5], [3, 3], [4, 5], [2, 1]],
    )
  })
})

describe('hostile YAML', () => {
  it.each([
    ['a duplicate key', 'a: 1\nb: 2\na: 3', "3:1 cannot read f.yaml: duplicate key 'a'"],
    ['nested lists', '['.repeat(300), '1:101 cannot read f.yaml: it is nested more than 100 levels deep'],
    ['nested block lists', `${'- '.repeat(300)}x`, '1:200 cannot read f.yaml: it is nested more than 100 levels deep'],
    ['a chain of aliases', Array.from({ length: 300 }, (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}`}]`).join('\n'), 'nested more than 100 levels deep'],
    ['aliases that multiply', `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${[1, 2, 3, 4, 5, 6].map((i) => `a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(',')}]`).join('\n')}`, 'its aliases add more than 100000 values'],
    ['an alias within itself', 'a: &a [*a]', "1:8 cannot read f.yaml: no anchor 'a' comes before the alias"],
    ['an alias of nothing', 'a: *b', "1:4 cannot read f.yaml: no anchor 'b' comes before the alias"],
    ['a mapping as key', '? {a: b}\n: c', '1:3 cannot read f.yaml: a key is neither text nor a number'],
    ['a null as key', '~: c', '1:1 cannot read f.yaml: a key is neither text nor a number'],
    ['a tag of an application', 'a: !Ref b', "the tag '!Ref' is not supported here"],
    ['a binary tag', 'a: !!binary b', 'is not supported here'],
    ['a control character', 'a: \u0007', '1:4 cannot read f.yaml: control characters are not allowed'],
    ['a number that JSON lacks', 'a: .inf', "1:4 cannot read f.yaml: JSON has no number '.inf'"],
    ['a merge of a text', 'a: {<<: b}', '1:9 cannot read f.yaml: the merge key << needs a mapping'],
    ['an open quote', 'a: "b', 'cannot read f.yaml: missing closing "quote'],
    ['more than 10 MiB', `a: ${'x'.repeat(10 * 1024 * 1024)}`, ': cannot read f.yaml: it is larger than 10 MiB'],
    ['many documents', '--- a\n'.repeat(10_001), 'it has more than 10000 documents'],
  ])('is refused with its position: %s', (_title, text, message) => {
    expect(fault(text)).toContain(message)
  })
})
