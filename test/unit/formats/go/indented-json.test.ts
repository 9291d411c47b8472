import { describe, expect, it } from 'vitest'
import { encodeIndentedJson } from '../../../../src/formats/go/indented-json.ts'
import { kubectlLists } from './kubectl-lists.ts'

describe('encodeIndentedJson', () => {
  it.each(kubectlLists)('writes a list of $name as kubectl does', ({ list, json }) => {
    expect(encodeIndentedJson(list)).toBe(json)
  })

  it('sorts keys that look like numbers as text, and escapes characters that control a terminal', () => {
    expect(encodeIndentedJson({ 10: [], 9: {}, a: '\u009b\u202e\u001b' })).toBe('{\n    "10": [],\n    "9": {},\n    "a": "\\u009b\\u202e\\u001b"\n}\n')
  })
})
