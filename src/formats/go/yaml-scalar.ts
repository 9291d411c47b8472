/**
 * Scalars in the styles that go-yaml 2 chooses.
 *
 * Its sources (go.yaml.in/yaml/v2): resolve.go, encode.go (`stringv`) and emitterc.go. One difference is deliberate: go-yaml prints
 * {@link CONTROLS} as they are, and here they are escaped.
 */

import { resolveScalar } from '../yaml/scalar.ts'
import { encodeGoValue } from './json.ts'

/** Controls that change the display of a terminal: the one of C1 that go-yaml prints, line separators, and controls of direction. */
const CONTROLS = /[\u0085\u2028-\u202e\u2066-\u2069]/
/** What go-yaml prints. Beyond the basic plane, that is nothing. */
const PRINTABLE = /^[\n\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/u
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0', '\x07': 'a', '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r', '\x1b': 'e', '"': '"', '\\': '\\',
  '\u0085': 'N', '\u00a0': '_', '\u2028': 'L', '\u2029': 'P',
}

/** Numbers of YAML 1.1 to the base 60: times. */
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const DATE = /^(\d{4})-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])(?:([Tt]| +)(?:[01]?\d|2[0-3])(?::[0-5]?\d){2}(?:[.,]\d+)?(Z|[-+](?:[01]\d|2[0-4]):(?:[0-5]\d|60))?)?$/
/** The beginnings of text that has a meaning in YAML. */
const INDICATOR = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?: |$))/

/** Longer lines are broken at a space. */
const WIDTH = 80

/** The place of a scalar in a document. */
export interface Place {
  /** The column of its first character */
  readonly column: number
  /** The column of its further lines; undefined for a key, which takes one line */
  readonly indent?: number
}

/** Writes a scalar, or an empty list or map. Only a block of lines may have a line break at its end. */
export function encodeYamlScalar(value: unknown, place: Place): string {
  if (typeof value === 'string') return encodeText(value, place)
  return typeof value === 'number' ? encodeNumber(value) : encodeGoValue(value)
}

function encodeText(text: string, place: Place): string {
  if (text.includes('\n')) {
    const allowsBlock = place.indent !== undefined && isShown(text) && !/ (?:\n|$)/.test(text)
    return allowsBlock ? block(text, place.indent) : doubleQuoted(text, place)
  }
  if (!isShown(text) || !isYamlText(text)) return doubleQuoted(text, place)
  if (!INDICATOR.test(text) && !/^ | $|:(?: |$)| #/.test(text)) return folded(Array.from(text), '', place)
  return folded(Array.from(text, (character) => (character === "'" ? "''" : character)), "'", place)
}

function isShown(text: string): boolean {
  return PRINTABLE.test(text) && !CONTROLS.test(text)
}

/** Whether a plain text is read as text, and not as a number, date or other value. */
function isYamlText(text: string): boolean {
  return resolveScalar(text) === text && !BASE_60.test(text) && !isDate(text)
}

function isDate(text: string): boolean {
  const [, year, month, day, separator, zone] = DATE.exec(text) ?? []
  // Only a time after a T has a zone.
  if (separator !== undefined && separator.startsWith(' ') !== (zone === undefined)) return false
  // The calendar repeats after 400 years, and Date takes years below 100 for others.
  return Number(day) <= new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()
}

/** Joins characters, and breaks a line that is longer than {@link WIDTH} at its next single space. */
function folded(characters: readonly string[], quote: '' | "'" | '"', { column, indent }: Place): string {
  let text = quote as string
  let end = column + quote.length
  characters.forEach((character, index) => {
    const [previous, next] = [characters[index - 1], characters[index + 1]]
    const isBetween = previous !== undefined && next !== undefined && previous !== ' ' && (next !== ' ' || quote === '"')
    const isBreak = character === ' ' && isBetween && indent !== undefined && end > WIDTH
    // Without a backslash, the leading spaces of a line do not count.
    const part = isBreak && next === ' ' ? '\\' : isBreak ? '' : character
    text += isBreak ? `\n${' '.repeat(indent)}${part}` : part
    end = (isBreak ? indent : end) + Array.from(part).length
  })
  return text + quote
}

function doubleQuoted(text: string, place: Place): string {
  // As go-yaml: after a byte order mark at the start, it escapes every character.
  const escapesAll = text.startsWith('\ufeff')
  const isPlain = (character: string): boolean => !escapesAll && isShown(character) && !/[\n"\\]/.test(character)
  return folded(Array.from(text, (character) => (isPlain(character) ? character : escaped(character))), '"', place)
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const [letter, width] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8]
  return `\\${ESCAPES[character] ?? letter + code.toString(16).toUpperCase().padStart(width, '0')}`
}

function block(text: string, indent: number): string {
  const chomping = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
  const hint = /^[ \n]/.test(text) ? '2' : ''
  return `|${hint}${chomping}\n${text.replace(/^(?=[^\n])/gm, ' '.repeat(indent))}`
}

/** Go's shortest format of floats has an exponent from a million on, of two digits at least. */
function encodeNumber(value: number): string {
  const size = Math.abs(value)
  const isInteger = Number.isInteger(value) && value > -(2 ** 63) && value < 2 ** 64
  return isInteger || (size >= 1e-4 && size < 1e6) ? String(value) : value.toExponential().replace(/([-+])(\d)$/, '$10$2')
}
