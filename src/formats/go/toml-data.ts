/**
 * Parses TOML to data without loss, with the result of Go's BurntSushi/toml followed by encoding/json.
 *
 * It reads the metadata of buildpacks for an image's label. Unlike the parser of descriptors, it supports all of TOML 1.0.
 */

import { parse, TomlDate } from 'smol-toml'
import { CnbError } from '../../base/errors.ts'
import { sourceLine } from '../source-line.ts'
import { replaceOutsideText } from '../toml-text.ts'
import type { TomlTable } from '../toml.ts'

/** Deeper than any real document; protects the stack against a hostile one. */
const MAX_DEPTH = 500
const MAX_INT64 = 2n ** 63n - 1n

/** Times with more digits than a JavaScript date can represent. */
const PRECISE_TIMES = /(?:\d{4}-\d{2}-\d{2}[Tt ])?\d{2}:\d{2}:\d{2}\.\d{4,}(?:[Zz]|[-+]\d{2}:\d{2})?/g
const TIME_MARK = '\u0000time:'

/** The number of values that documents may have together: each uses many times its bytes in memory. */
export interface ValueBudget {
  left: number
}

/** Enough for metadata of several MiB. */
const MAX_VALUES = 1_000_000

export function newValueBudget(): ValueBudget {
  return { left: MAX_VALUES }
}

/**
 * Parses a document. Integers are bigints and floats are numbers, because `2` and `2.0` differ; dates and times are strings in Go's
 * format.
 * @param file the file's name in errors
 * @param budget counts the values of this document and of others
 * @throws CnbError CNB_DESCRIPTOR_INVALID with line and column, or for more than 1 000 000 values
 */
export function parseTomlData(content: Buffer, file: string, budget = newValueBudget()): TomlTable {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content)
    const marked = replaceOutsideText(text, (part) => {
      for (const _ of part.matchAll(/[=,[]/g)) if (--budget.left < 0) throw tooManyValues(file)
      return part.replace(PRECISE_TIMES, markTime)
    })
    return convert(parse(marked, { integersAsBigInt: true }), 0) as TomlTable
  } catch (error) {
    if (error instanceof CnbError) throw error
    const { message, line, column } = error as { message: string; line?: number; column?: number }
    const reason = (message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '')
    const position = { file, line, column }
    const where = line === undefined ? '' : ` (line ${line}, column ${column})`
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file} is not valid TOML: ${reason}${where}`, { position, source: sourceLine(content.toString(), line), cause: error })
  }
}

function tooManyValues(file: string): CnbError {
  return new CnbError('CNB_DESCRIPTOR_INVALID', `cannot read ${file}: the metadata of the build exceeds ${MAX_VALUES} values`, {
    position: { file },
  })
}

/** Leaves an invalid time unchanged: the parser reports it. */
function markTime(time: string): string {
  if (Number.isNaN(Date.parse(goTime(time)))) return time
  return JSON.stringify(`${TIME_MARK}${time}`)
}

function convert(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Error(`it is nested deeper than ${MAX_DEPTH} levels`)
  if (typeof value === 'string') return value.startsWith(TIME_MARK) ? goTime(value.slice(TIME_MARK.length)) : value
  if (typeof value === 'bigint' && (value > MAX_INT64 || value < -MAX_INT64 - 1n)) throw new Error(`${value} is out of range`)
  if (value instanceof TomlDate) return goTime(value.toISOString())
  if (Array.isArray(value)) return value.map((item) => convert(item, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, convert(member, depth + 1)]))
}

/**
 * Formats a date, a time or both as Go does: a date starts at midnight, a time is in the year 0, a missing offset means UTC (the time
 * zone of every lifecycle container), and a fraction has no trailing zeros.
 */
function goTime(text: string): string {
  const [, date = '0000-01-01', time = '00:00:00', fraction = '', offset = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})?[Tt ]?(\d{2}:\d{2}:\d{2})?(\.\d+)?([Zz]|[-+]\d{2}:\d{2})?$/.exec(text) ?? []
  const zone = /^(?:z|[-+]00:00)$/i.test(offset) ? 'Z' : offset
  // Go counts nanoseconds, and truncates finer fractions.
  return `${date}T${time}${fraction.slice(0, 10).replace(/\.?0*$/, '')}${zone}`
}
