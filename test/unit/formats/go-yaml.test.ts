import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { encodeIndentedJson } from '../../../src/formats/go/indented-json.ts'
import { encodeGoYaml } from '../../../src/formats/go/yaml.ts'

interface Golden {
  values: unknown[]
  groups: { name: string; objects: object[]; yaml: string; json: string }[]
  yaml: string[]
}

const read = (name: string): Partial<Golden> => JSON.parse(readFileSync(join(import.meta.dirname, '../../../fixtures/golden/kubectl', name), 'utf8')) as Partial<Golden>
const inputs = read('inputs.json')
const answers = read('answers.json')
/** kubectl prints the line separator as it is, and reads the next line (U+0085) as a space. */
const escapedHere = new Set<unknown>(['\u2028', '\u0085'])
const vectors = (inputs.values ?? []).map((value, index) => ({ value, text: answers.yaml?.[index] })).filter(({ value }) => !escapedHere.has(value))
const lists = (inputs.groups ?? []).map(({ name, objects }, index) => ({ name, objects, ...answers.groups?.[index] }))

describe('encodeGoYaml', () => {
  it.each(vectors)('writes $value as kubectl does', ({ value, text }) => {
    expect(encodeGoYaml(value)).toBe(text)
  })

  it.each(lists)('writes a list of $name as kubectl does', ({ objects, yaml }) => {
    expect(encodeGoYaml({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects })).toBe(yaml)
  })

  it('writes YAML 1.1 that has the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value))
        expect(parse(encodeGoYaml(plain), { version: '1.1' })).toEqual(plain)
      }),
    )
  })

  it('escapes characters that control a terminal', () => {
    expect(encodeGoYaml('a\u202eb\u0085\u2028')).toBe('"a\\u202Eb\\N\\L"\n')
  })
})

describe('encodeIndentedJson', () => {
  it.each(lists)('writes a list of $name as kubectl does', ({ objects, json }) => {
    expect(encodeIndentedJson({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects })).toBe(json)
  })

  it('sorts keys that look like numbers as text, and escapes characters that control a terminal', () => {
    expect(encodeIndentedJson({ 10: [], 9: {}, a: '\u009b\u202e\u001b' })).toBe('{\n    "10": [],\n    "9": {},\n    "a": "\\u009b\\u202e\\u001b"\n}\n')
  })
})
