/**
 * TOML as the lifecycle writes it (BurntSushi/toml 1.5, encode.go).
 *
 * Buildpacks in shell extract values from their restored files line by line, so the format must match. A number is a float and a bigint
 * an integer: JSON of a label does not distinguish whole numbers, which become floats, as in the lifecycle.
 */

import { isTable } from '../lenient-values.ts'
import { compareBytes } from './json.ts'

type Table = Readonly<Record<string, unknown>>

/**
 * Encodes `table`; its values are JSON values and bigints. Null values are omitted: TOML has no null.
 * @param table nested at most as deep as parseExactJson allows
 * @param isStruct keeps the order of keys, as Go that of fields; the keys of Go's maps are sorted
 */
export function encodeGoToml(table: Table, isStruct = false): string {
  return tableText(table, [], isStruct ? () => 0 : compareBytes).replace(/^\n/, '')
}

type CompareKeys = (a: string, b: string) => number

function tableText(table: Table, path: readonly string[], compare: CompareKeys): string {
  const members = Object.entries(table)
    .filter(([, value]) => value !== null && value !== undefined)
    .sort(([a], [b]) => compare(a, b))
  const isSub = ([, value]: [string, unknown]): boolean => isTable(value) || isTables(value)
  const direct = members.filter((member) => !isSub(member)).map(([key, value]) => `${indent(path.length)}${keyText(key)} = ${valueText(value)}\n`)
  const sub = members.filter(isSub).map(([key, value]) => subText(value, [...path, key], compare))
  return [...direct, ...sub].join('')
}

function subText(value: unknown, path: readonly string[], compare: CompareKeys): string {
  const space = indent(path.length - 1)
  const name = path.map(keyText).join('.')
  if (isTable(value)) return `${path.length === 1 ? '\n' : ''}${space}[${name}]\n${tableText(value, path, compare)}`
  return (value as Table[]).map((table) => `\n${space}[[${name}]]\n${tableText(table, path, compare)}`).join('')
}

function isTables(value: unknown): value is Table[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable)
}

function indent(depth: number): string {
  return '  '.repeat(depth)
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : quote(key)
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return numberText(value)
  if (Array.isArray(value)) return `[${value.filter((item) => item !== null && item !== undefined).map(valueText).join(', ')}]`
  if (isTable(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined)
    const direct = members.filter(([, member]) => !isTable(member) && !isTables(member))
    const sub = members.filter(([, member]) => isTable(member) || isTables(member))
    const sorted = [direct, sub].flatMap((some) => some.sort(([a], [b]) => compareBytes(a, b)))
    return `{${sorted.map(([key, member]) => `${keyText(key)} = ${valueText(member)}`).join(', ')}}`
  }
  return String(value)
}

/** Formats a number with a decimal point and without an exponent. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(Object.is(value, -0) ? '-0' : String(value)) ?? []
  const point = whole.length + Number(exponent)
  const digits = whole + fraction
  const padded = digits.padEnd(point, '0').padStart(digits.length - Math.min(point - 1, 0), '0')
  const at = Math.max(point, 1)
  return `${sign}${padded.slice(0, at)}.${padded.slice(at) || '0'}`
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' }

function quote(text: string): string {
  const escaped = text.replace(/["\\\p{Cc}]/gu, (char) => {
    const code = char.charCodeAt(0)
    return ESCAPES[char] ?? (code > 0x7f ? char : `\\u${code.toString(16).padStart(4, '0')}`)
  })
  return `"${escaped}"`
}
