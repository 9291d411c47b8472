/**
 * Styles of strings as go-yaml (go.yaml.in/yaml/v2) chooses and writes them in block style.
 *
 * Its sources: resolve.go (the meaning of plain texts), encode.go (`stringv`) and emitterc.go (what each style can hold).
 */

const WORDS = /^(?:y|yes|n|no|true|false|on|off|~|null)$/
const NUMBER_WORDS = /^(?:\.(?:nan|NaN|NAN)|[+-]?\.(?:inf|Inf|INF))$/
const INTEGER = /^([-+]?)(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
/** Here an underscore has to be between digits. */
const FRACTION = /^\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?$/
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|( +))(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)?)?$/

/** Longer lines are broken at a space. */
const WIDTH = 80
const BREAK = /[\r\n\u0085\u2028\u2029]/u
/** Everything else needs an escape. Beyond the basic plane nothing is printable for go-yaml. */
const PRINTABLE = /^[\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/u
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0', '\x07': 'a', '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r', '\x1b': 'e', '"': '"', '\\': '\\',
  '\u0085': 'N', '\u00a0': '_', '\u2028': 'L', '\u2029': 'P',
}

/** The place of a string in a document. */
export interface Place {
  /** The column of its first character */
  readonly column: number
  /** The column of its further lines; undefined for a key, which takes one line */
  readonly indent?: number
}

/** Writes a string, without a line break at its end unless the string is a block that has one. */
export function goYamlString(text: string, place: Place): string {
  if (text.includes('\n')) return place.indent !== undefined && allowsBlock(text) ? literal(text, place.indent) : doubleQuoted(text, place)
  if (resolvesToOther(text)) return doubleQuoted(text, place)
  if (allowsPlain(text)) return folded(Array.from(text), '', place)
  if (!allowsSingleQuotes(text) || (place.indent === undefined && BREAK.test(text))) return doubleQuoted(text, place)
  return folded(Array.from(text, (character) => (character === "'" ? "''" : character)), "'", place)
}

/** Whether a plain text is read as something other than a string. */
function resolvesToOther(text: string): boolean {
  if (text === '') return true
  if (/^[yYnNtTfFoO~]/.test(text)) return WORDS.test(text) || (/^(?:[A-Z][a-z]*|[A-Z]+)$/.test(text) && WORDS.test(text.toLowerCase()))
  if (text.startsWith('.')) return NUMBER_WORDS.test(text) || (FRACTION.test(text) && isFinite(text))
  if (!/^[-+0-9]/.test(text)) return false
  const plain = text.replaceAll('_', '')
  return NUMBER_WORDS.test(text) || BASE_60.test(text) || isTimestamp(text) || isInteger(plain) || (FLOAT.test(plain) && isFinite(plain))
}

function isFinite(text: string): boolean {
  return Number.isFinite(Number(text.replaceAll('_', '')))
}

function isInteger(text: string): boolean {
  const [match, sign] = INTEGER.exec(text) ?? []
  // As go-yaml, for which the sign may follow the prefix.
  if (match === undefined) return /^0b[-+][01]{1,63}$/.test(text)
  // Go reads a leading 0 as octal. A decimal integer that is too large is a float.
  const digits = text.slice(sign?.length).toLowerCase()
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits}` : digits)
  return sign === '' ? value < 2n ** 64n : value <= 2n ** 63n - (sign === '+' ? 1n : 0n)
}

function isTimestamp(text: string): boolean {
  const [match, year, month, day, space, hour, minute, second, zone] = DATE.exec(text) ?? []
  if (match === undefined || Number(month) < 1 || Number(month) > 12 || Number(day) < 1) return false
  if (Number(day) > new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()) return false
  if (hour === undefined) return true
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || (space === undefined) !== (zone !== undefined)) return false
  const [, hours, minutes] = /(\d\d):(\d\d)/.exec(zone ?? '') ?? []
  return Number(hours ?? 0) <= 24 && Number(minutes ?? 0) <= 60
}

function allowsPlain(text: string): boolean {
  const startsSyntax = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$))/.test(text)
  return PRINTABLE.test(text) && !BREAK.test(text) && !/^ | $/.test(text) && !startsSyntax && !/:(?:[ \t]|$)|[ \t]#/.test(text)
}

function allowsSingleQuotes(text: string): boolean {
  return PRINTABLE.test(text) && !/[\u2028\u2029] | [\u2028\u2029]/.test(text)
}

function allowsBlock(text: string): boolean {
  return PRINTABLE.test(text) && !text.endsWith(' ') && !/ [\n\u2028\u2029]/.test(text)
}

function doubleQuoted(text: string, place: Place): string {
  // As go-yaml: after a byte order mark at the start, every character is escaped.
  const plain = text.startsWith('\ufeff') ? /(?!)/ : /[ !#-[\]-~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u
  return folded(Array.from(text, (character) => (plain.test(character) ? character : escaped(character))), '"', place)
}

/** Joins characters, and breaks the line at the first single space after each {@link WIDTH} columns. */
function folded(characters: readonly string[], quote: string, place: Place): string {
  const indent = ' '.repeat(place.indent ?? 0)
  let text = quote
  let column = place.column + quote.length
  let afterSpace = false
  characters.forEach((character, index) => {
    const isSpace = character === ' '
    const next = characters[index + 1]
    const mayBreak = quote === '' || (index > 0 && next !== undefined)
    if (isSpace && !afterSpace && mayBreak && column > WIDTH && place.indent !== undefined && (quote === '"' || next !== ' ')) {
      const kept = next === ' ' ? '\\' : ''
      text += `\n${indent}${kept}`
      column = indent.length + kept.length
    } else if (character === '\u2028' || character === '\u2029') {
      text += next === '\u2028' || next === '\u2029' || next === undefined ? character : character + indent
      column = indent.length
    } else {
      text += character
      column += Array.from(character).length
    }
    afterSpace = isSpace
  })
  return text + quote
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const [letter, width] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8]
  return `\\${ESCAPES[character] ?? letter + code.toString(16).toUpperCase().padStart(width, '0')}`
}

function literal(text: string, indent: number): string {
  const chomping = /[\n\u2028\u2029]{2}$|^\n$/.test(text) ? '+' : /[\n\u2028\u2029]$/.test(text) ? '' : '-'
  const hint = /^[ \n\u2028\u2029]/.test(text) ? '2' : ''
  return `|${hint}${chomping}\n${indented(`\n${text}`, indent).slice(1)}`
}

/** Indents the lines after each break that are not empty. */
function indented(text: string, indent: number): string {
  return text.replace(/(?<=[\n\u2028\u2029])(?![\n\u2028\u2029]|$)/g, ' '.repeat(indent))
}
