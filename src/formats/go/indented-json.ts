/** JSON as kubectl prints it: four spaces, sorted keys, and Go's escapes. */

import { compareBytes, encodeGoValue } from './json.ts'

const INDENT = '    '
/** Characters that Go prints as they are, but that control a terminal. Only strings have them. */
const CONTROLS = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** Returns a value as a document, with a line end. @throws Error for values that JSON cannot hold */
export function encodeIndentedJson(value: unknown): string {
  const text = indented(JSON.parse(encodeGoValue(value)), '\n')
  return `${text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

/** @param start a line end with the indentation of the value */
function indented(value: unknown, start: string): string {
  if (typeof value !== 'object' || value === null) return encodeGoValue(value)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const inner = start + INDENT
  const items = Array.isArray(value)
    ? value.map((item) => indented(item, inner))
    : Object.entries(value).sort(([a], [b]) => compareBytes(a, b)).map(([key, member]) => `${encodeGoValue(key)}: ${indented(member, inner)}`)
  return items.length === 0 ? `${open}${close}` : `${open}${items.map((item) => inner + item).join(',')}${start}${close}`
}
