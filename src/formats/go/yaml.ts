/** YAML as kubectl and kpack print it: as Go's sigs.k8s.io/yaml, a fork of go-yaml 2. */

import { parseExactJson } from './exact-json.ts'
import { encodeGoValue } from './json.ts'
import { encodeYamlScalar, type Place } from './yaml-scalar.ts'

const INDENT = 2
/** In bytes. A longer key has its own line, and so has a key with a line break. */
const MAX_SIMPLE_KEY = 128
const LINE_BREAK = /[\n\r\u0085\u2028\u2029]/

/**
 * Returns the lines of a value; keys are in go-yaml's order.
 * @throws Error for values that JSON cannot hold, and for a nesting deeper than 500 levels
 */
export function encodeGoYaml(value: unknown): string {
  // Through JSON, as in Go: it omits what JSON omits.
  return linesOf(parseExactJson(encodeGoValue(value)), 0)
}

/** Returns the lines of a value that is not in a map. The first starts at the column `indent`, and the others have that indent. */
function linesOf(value: unknown, indent: number): string {
  // Further lines of a scalar have an indent even if it is the whole document.
  if (!isBlock(value)) return scalarLine(value, { column: indent, indent: Math.max(indent, INDENT) })
  const members = Array.isArray(value)
    ? value.map((item) => `- ${linesOf(item, indent + INDENT)}`)
    : Object.keys(value).sort(compareKeys).map((key) => memberLines(key, (value as Record<string, unknown>)[key], indent))
  return members.join(' '.repeat(indent))
}

function memberLines(key: string, value: unknown, indent: number): string {
  const inner = indent + INDENT
  if (Buffer.byteLength(key) > MAX_SIMPLE_KEY || LINE_BREAK.test(key)) {
    return `? ${linesOf(key, inner)}${' '.repeat(indent)}: ${linesOf(value, inner)}`
  }
  const name = `${encodeYamlScalar(key, { column: indent })}:`
  if (!isBlock(value)) return `${name} ${scalarLine(value, { column: indent + Array.from(name).length + 1, indent: inner })}`
  // A list in a map has the indent of the map.
  const start = Array.isArray(value) ? indent : inner
  return `${name}\n${' '.repeat(start)}${linesOf(value, start)}`
}

/** Whether a value is a list or map with members, which take whole lines. */
function isBlock(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function scalarLine(value: unknown, place: Place): string {
  const text = encodeYamlScalar(value, place)
  return text.endsWith('\n') ? text : `${text}\n`
}

/** Compares keys as go-yaml: letters after other characters, and digits by their number. */
function compareKeys(a: string, b: string): number {
  const [as, bs] = [Array.from(a), Array.from(b)]
  const at = as.findIndex((character, index) => character !== bs[index])
  const [left, right] = [as[at], bs[at]]
  if (left === undefined || right === undefined) return as.length - bs.length
  const [leftIsLetter, rightIsLetter] = [/\p{L}/u.test(left), /\p{L}/u.test(right)]
  const byCode = (left.codePointAt(0) ?? 0) - (right.codePointAt(0) ?? 0)
  if (leftIsLetter && rightIsLetter) return byCode
  if (leftIsLetter || rightIsLetter) return leftIsLetter ? 1 : -1
  // A zero after other digits is a digit of their number, and not its start.
  const before = (left === '0' || right === '0') && /[1-9]0*$/.test(as.slice(0, at).join('')) ? '1' : ''
  const [leftDigits, rightDigits] = [as, bs].map((characters) => /^\d*/.exec(characters.slice(at).join(''))?.[0] ?? '') as [string, string]
  return Number(before + leftDigits) - Number(before + rightDigits) || leftDigits.length - rightDigits.length || byCode
}
