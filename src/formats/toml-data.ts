/**
 * TOML as data that JSON can hold, without loss: what Go's BurntSushi/toml and encoding/json make of a document, one after the
 * other. Buildpacks' metadata takes this way into an image's label. Unlike the parser of descriptors it takes all of TOML 1.0.
 */

import { parse, TomlDate } from 'smol-toml'
import { CnbError } from '../base/errors.ts'
import type { TomlTable } from './toml.ts'

/** Deeper than any honest document; a hostile one must not use up the stack. */
const MAX_DEPTH = 500
const MAX_INT64 = 2n ** 63n - 1n

/** Strings and comments, and behind them times with more digits than a JavaScript date can hold. */
const PRECISE_TIMES =
  /"""[^"\\]*(?:(?:\\[^]|"(?!""))[^"\\]*)*"""(?:"{0,2})|'''[^]*?'''(?:'{0,2})|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\n]*'|#[^\n]*|((?:\d{4}-\d{2}-\d{2}[Tt ])?\d{2}:\d{2}:\d{2}\.\d{4,}(?:[Zz]|[-+]\d{2}:\d{2})?)/g
const TIME_MARK = '\u0000time:'

/**
 * Reads a document. Integers beyond 2^53 are bigints; dates and times are Go's text of them; `inf` and `nan` stay numbers.
 * @param file the name that an error tells
 * @throws CnbError CNB_DESCRIPTOR_INVALID with line and column
 */
export function parseTomlData(content: Buffer, file: string): TomlTable {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content)
    const marked = /:\d{2}\.\d{4}/.test(text) ? text.replace(PRECISE_TIMES, markTime) : text
    return convert(parse(marked, { integersAsBigInt: 'asNeeded' }), 0) as TomlTable
  } catch (error) {
    const { message, line, column } = error as { message: string; line?: number; column?: number }
    const reason = (message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '')
    const position = { file, ...(line === undefined ? {} : { line, column }) }
    const where = line === undefined ? '' : ` (line ${line}, column ${column})`
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file} is not valid TOML: ${reason}${where}`, { position, cause: error })
  }
}

/** What is no time is left for the parser to complain of. */
function markTime(token: string, time: string | undefined): string {
  if (time === undefined || Number.isNaN(Date.parse(goTime(time)))) return token
  return JSON.stringify(`${TIME_MARK}${time}`)
}

function convert(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`)
  if (typeof value === 'string') return value.startsWith(TIME_MARK) ? goTime(value.slice(TIME_MARK.length)) : value
  if (typeof value === 'bigint' && (value > MAX_INT64 || value < -MAX_INT64 - 1n)) throw new Error(`${value} is out of range`)
  if (value instanceof TomlDate) return goTime(value.toISOString())
  if (Array.isArray(value)) return value.map((item) => convert(item, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, convert(member, depth + 1)]))
}

/**
 * A date, a time or both as Go writes them: a date begins at midnight, a time is of the year 0, what has no offset is in UTC (the
 * zone of every lifecycle container), and a fraction has no zeros at its end.
 */
function goTime(text: string): string {
  const [, date = '0000-01-01', time = '00:00:00', fraction = '', offset = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})?[Tt ]?(\d{2}:\d{2}:\d{2})?(\.\d+)?([Zz]|[-+]\d{2}:\d{2})?$/.exec(text) ?? []
  const zone = /^(?:z|[-+]00:00)$/i.test(offset) ? 'Z' : offset
  // Go counts nanoseconds, and cuts off what is finer.
  return `${date}T${time}${fraction.slice(0, 10).replace(/\.?0*$/, '')}${zone}`
}
