/** Changes a TOML text in place: comments, unknown keys and the order of everything else stay. */

import { isDeepStrictEqual } from 'node:util'
import { CnbError } from '../base/errors.ts'
import { parseToml, stringifyToml, type TomlTable } from './toml.ts'
import { locateTomlKeys, tomlParts, type FieldPath, type TomlPart } from './toml-positions.ts'

export type TomlValue = string | boolean | readonly string[]

/**
 * A document to edit. Each change is verified: the text must parse to the expected data. If it does not, because the file has an unusual
 * form such as an array of inline tables, the change throws CNB_DESCRIPTOR_INVALID, and the document stays as it is.
 */
export class TomlDocument {
  readonly #file: string
  #text: string
  #data: TomlTable

  /** @param file the file's name in errors @throws CnbError CNB_DESCRIPTOR_INVALID for invalid TOML */
  constructor(text: string, file: string) {
    this.#file = file
    this.#text = text === '' || text.endsWith('\n') ? text : `${text}\n`
    this.#data = parseToml(this.#text, file)
  }

  get text(): string {
    return this.#text
  }

  /** Returns the value of a key, as parsed. */
  value(...path: FieldPath): unknown {
    return this.#resolve(path).reduce<unknown>((value, part) => (value as TomlTable | undefined)?.[part], this.#data)
  }

  /** Returns the line of a key, or of its nearest parent. */
  line(...path: FieldPath): number | undefined {
    return locateTomlKeys(this.#text)(this.#resolve(path))?.line
  }

  /** Returns the tables of an array of tables. */
  tables(key: string): readonly TomlTable[] {
    const value = this.value(key)
    return Array.isArray(value) ? (value as TomlTable[]) : []
  }

  /** Sets a key of the document, of a table (`['registry-mirrors', 'docker.io']`) or of a table in an array (`['run-images', 0, 'mirrors']`). */
  set(path: FieldPath, value: TomlValue): void {
    const at = this.#resolve(path)
    const [parent, key] = [at.slice(0, -1), String(at.at(-1))]
    const pair = pairText(key, value)
    const parts = tomlParts(this.#text)
    const known = parts.find((part) => part.kind === 'pair' && isSame(part.path, at))
    const expected = structuredClone(this.#data)
    const table = parent.reduce<TomlTable>((inner, part) => (inner[part] ??= {}) as TomlTable, expected)
    table[key] = value
    if (known) return this.#replace(known.start, known.end, pair, expected)
    const offset = this.#endOfTable(parts, parent)
    if (offset === undefined) this.#append(`[${keyText(parent)}]\n${pair}\n`, expected)
    else this.#replace(offset, offset, `${pair}\n`, expected)
  }

  /** Removes a key, if it exists. */
  unset(path: FieldPath): void {
    const at = this.#resolve(path)
    const expected = structuredClone(this.#data)
    const table = at.slice(0, -1).reduce<TomlTable | undefined>((inner, part) => inner?.[part] as TomlTable | undefined, expected)
    if (!table || !(String(at.at(-1)) in table)) return
    delete table[String(at.at(-1))]
    const known = tomlParts(this.#text).find((part) => part.kind === 'pair' && isSame(part.path, at))
    const [start, end] = known ? [known.start, lineEnd(this.#text, known.end)] : [0, 0]
    this.#replace(start, end, '', expected)
  }

  /** Adds a table to an array of tables. */
  add(name: string, table: Readonly<Record<string, TomlValue>>): void {
    const [key = name] = this.#resolve([name])
    const expected = { ...structuredClone(this.#data), [key]: [...this.tables(name), { ...table }] }
    this.#append(stringifyToml({ [key]: [table] }), expected)
  }

  /** Removes a table of an array of tables. Comments before it stay. */
  remove(name: string, index: number): void {
    const [key = name] = this.#resolve([name])
    const rest = this.tables(name).filter((_, at) => at !== index)
    const expected = structuredClone(this.#data)
    if (rest.length > 0) expected[key] = rest
    else delete expected[key]
    const inside = tomlParts(this.#text).filter(({ path }) => isSame(path.slice(0, 2), [key, index]))
    const [first, last] = [inside[0], inside.at(-1)]
    if (first && last) this.#replace(first.start, lineEnd(this.#text, last.end), '', expected)
    else this.#replace(0, 0, '', expected)
  }

  /** Spells the first key as the file does: readers accept any capitals. */
  #resolve([first = '', ...rest]: FieldPath): (string | number)[] {
    const folded = String(first).toLowerCase()
    const written = first in this.#data ? first : Object.keys(this.#data).find((key) => key.toLowerCase() === folded)
    return [written ?? first, ...rest]
  }

  /** Returns where a table's next key belongs; undefined if the table has no header. */
  #endOfTable(parts: readonly TomlPart[], table: FieldPath): number | undefined {
    const before = parts.filter(({ kind, path }) => (kind === 'header' ? isSame(path, table) : isSame(path.slice(0, -1), table)))
    const last = before.at(-1)
    if (last) return lineEnd(this.#text, last.end)
    if (table.length > 0) return undefined
    const header = parts.find(({ kind }) => kind === 'header')
    return header ? startOfComments(this.#text, header.start) : this.#text.length
  }

  #append(text: string, expected: TomlTable): void {
    const { length } = this.#text
    this.#replace(length, length, length === 0 || this.#text.endsWith('\n\n') ? text : `\n${text}`, expected)
  }

  #replace(start: number, end: number, by: string, expected: TomlTable): void {
    const text = this.#text.slice(0, start) + by + this.#text.slice(end)
    const data = this.#parsed(text)
    if (!data || !isDeepStrictEqual(plain(data), plain(expected))) {
      throw new CnbError('CNB_DESCRIPTOR_INVALID', `cannot change ${this.#file}: the key is in a form that cnb cannot edit`, {
        position: { file: this.#file },
        hint: 'Edit the file by hand.',
      })
    }
    this.#text = text
    this.#data = data
  }

  #parsed(text: string): TomlTable | undefined {
    try {
      return parseToml(text, this.#file)
    } catch {
      return undefined
    }
  }
}

function isSame(path: FieldPath, other: FieldPath): boolean {
  return path.length === other.length && path.every((part, index) => part === other[index])
}

function pairText(key: string, value: TomlValue): string {
  return stringifyToml({ [key]: value }).trimEnd()
}

function keyText(path: FieldPath): string {
  return path.map((part) => pairText(String(part), true).replace(/ = true$/, '')).join('.')
}

/** Returns the offset after the line's end. */
function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset)
  return at === -1 ? text.length : at + 1
}

/** Returns the start of the comment lines directly before a header. */
function startOfComments(text: string, offset: number): number {
  let start = text.lastIndexOf('\n', offset - 1) + 1
  while (start > 0) {
    const before = text.lastIndexOf('\n', start - 2) + 1
    if (!/^[ \t]*#/.test(text.slice(before, start))) break
    start = before
  }
  return start
}

/** Parsers mark the kinds of lists with symbols and prototypes, which do not count. */
function plain(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(plain)
  if (data instanceof Date) return data.getTime()
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, plain(value)]))
}
