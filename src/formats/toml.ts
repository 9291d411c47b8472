/** Reads TOML with @iarna/toml and writes it with smol-toml, the more reliable writer. */

import { parse } from '@iarna/toml'
import { stringify } from 'smol-toml'
import { CnbError } from '../base/errors.ts'
import { sourceLine } from './source-line.ts'

export type TomlTable = Record<string, unknown>

/** A line with a table header, and the property names of Object.prototype. */
const HEADER = /^\s*\[[^[\]]*\]\s*(?:#.*)?$|^\s*\[\[[^[\]]*\]\]\s*(?:#.*)?$/
const INHERITED = Object.getOwnPropertyNames(Object.prototype).filter((name) => name !== '__proto__')

/**
 * The parser resolves `[toString]` to the inherited function and adds the table's keys to it, for the whole process.
 */
function refuseInheritedNames(text: string, file: string): void {
  for (const [index, line] of text.split('\n').entries()) {
    if (!HEADER.test(line)) continue
    const unescaped = line.replace(/\\u([0-9a-fA-F]{4})|\\U000([0-9a-fA-F]{5})/g, (_, short?: string, long?: string) =>
      String.fromCodePoint(Math.min(parseInt(short ?? long ?? '', 16), 0x10ffff)),
    )
    const name = INHERITED.find((inherited) => new RegExp(`\\b${inherited}\\b`).test(unescaped))
    if (name === undefined) continue
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file}: '${name}' is not allowed as a table name`, {
      position: { file, line: index + 1, column: line.indexOf('[') + 1 },
      source: line,
    })
  }
}

/**
 * Parses a TOML document. A byte-order mark, which Windows editors write, is skipped.
 * @param file the file's name in errors
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function parseToml(text: string, file: string): TomlTable {
  const document = text.replace(/^\uFEFF/, '')
  refuseInheritedNames(text, file)
  const table = parseDocument(document, file)
  if (isDeep(table)) throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file} has values in more than ${MAX_DEPTH} levels`, { position: { file } })
  return table
}

/** No document that is read is nested this deep. The search for positions of keys takes memory by the square of the depth. */
const MAX_DEPTH = 100

function isDeep(table: TomlTable): boolean {
  let level: unknown[] = [table]
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : []))
  }
  return level.length > 0
}

function parseDocument(document: string, file: string): TomlTable {
  try {
    return parse(document)
  } catch (error) {
    const { line, col, message } = error as { line?: number; col?: number; message?: string }
    const reason = (message ?? String(error)).split('\n')[0]?.replace(/ at row \d+, col \d+, pos \d+:?$/, '') ?? ''
    const at = line === undefined || col === undefined ? undefined : positionFrom(document, line, col)
    const position = { file, ...at }
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file} is not valid TOML: ${reason}`, { position, source: sourceLine(document, at?.line), cause: error })
  }
}

/** The parser counts from 0, and is off by one column at the end of a line. */
function positionFrom(document: string, line: number, column: number): { line: number; column: number } {
  const length = (document.split('\n')[line] ?? '').replace(/\r$/, '').length
  return { line: line + 1, column: Math.min(column, length) + 1 }
}

/** Writes a table as a TOML document; undefined values are omitted. */
export function stringifyToml(table: TomlTable): string {
  return stringify(table)
}
