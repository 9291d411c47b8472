/** YAML of JSON values, byte for byte as Go's sigs.k8s.io/yaml prints it. */

import { goYamlString, type Place } from './yaml-scalar.ts'

/** A longer key has its own line. */
const MAX_KEY_BYTES = 128
const MAX_DEPTH = 500

/**
 * Returns the lines of a value; keys are in go-yaml's order.
 * @throws Error if it is nested deeper than 500 levels
 */
export function encodeGoYaml(value: unknown): string {
  return linesOf(value, 0, 0)
}

/** Returns the lines of a value that is not in a map. The first starts at the column `indent`, and the others have that indent. */
function linesOf(value: unknown, indent: number, depth: number): string {
  if (depth > MAX_DEPTH) throw new Error(`it is nested deeper than ${MAX_DEPTH} levels`)
  if (typeof value !== 'object' || value === null || isEmpty(value)) return scalarLines(value, { column: indent, indent })
  const members = Array.isArray(value)
    ? value.map((item) => `- ${linesOf(item, indent + 2, depth + 1)}`)
    : Object.keys(value)
        .sort(compareKeys)
        .map((key) => memberLines(key, (value as Record<string, unknown>)[key], indent, depth + 1))
  return members.join(' '.repeat(indent))
}

function memberLines(key: string, value: unknown, indent: number, depth: number): string {
  const start = ' '.repeat(indent)
  if (Buffer.byteLength(key) > MAX_KEY_BYTES || /[\n\r\u0085\u2028\u2029]/.test(key)) {
    return `? ${linesOf(key, indent + 2, depth)}${start}: ${linesOf(value, indent + 2, depth)}`
  }
  const name = `${goYamlString(key, { column: indent })}:`
  if (typeof value !== 'object' || value === null || isEmpty(value)) {
    return `${name} ${scalarLines(value, { column: indent + Array.from(name).length + 1, indent: indent + 2 })}`
  }
  // A list in a map has the indent of the map.
  const inner = Array.isArray(value) ? indent : indent + 2
  return `${name}\n${' '.repeat(inner)}${linesOf(value, inner, depth)}`
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}

function scalarLines(value: unknown, place: Place): string {
  // Empty lists and maps, numbers, flags and null are as in JSON.
  const text = typeof value === 'string' ? goYamlString(value, place) : JSON.stringify(value ?? null)
  return /[\n\u2028\u2029]$/.test(text) ? text : `${text}\n`
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
  const inNumber = (left === '0' || right === '0') && /[1-9]0*$/.test(a.slice(0, as.slice(0, at).join('').length))
  const [leftDigits, rightDigits] = [as, bs].map((characters) => /^\d*/.exec(characters.slice(at).join(''))?.[0] ?? '') as [string, string]
  const [leftNumber, rightNumber] = [leftDigits, rightDigits].map((digits) => Number(inNumber ? `1${digits}` : digits)) as [number, number]
  return leftNumber - rightNumber || leftDigits.length - rightDigits.length || byCode
}
