/** Reads the fields of a parsed TOML or JSON document, each checked for its type; used for descriptors and for labels. */

import { CnbError } from '../base/errors.ts'
import { locateTomlKeys, type FieldPath } from './toml-positions.ts'
import { parseToml } from './toml.ts'

/** Makes the error for a field: it knows the document's name and positions. */
export type FieldError = (path: FieldPath, message: string, hint?: string) => CnbError

/** No honest document has longer lists; a hostile one must not make the work grow without bound. */
const MAX_ITEMS = 10_000

/** A path as people write it: `order[0].group[1].id`. */
function formatFieldPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => text + (typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`), '')
}

/**
 * Reads a TOML document whose errors are CNB_DESCRIPTOR_INVALID with file, line and column.
 * @param file the name that an error tells the user
 */
export function readTomlFields(text: string, file: string): FieldReader {
  const table = parseToml(text, file)
  let locate: ReturnType<typeof locateTomlKeys> | undefined
  return new FieldReader(table, [], (path, message, hint) => {
    locate ??= locateTomlKeys(text)
    return new CnbError('CNB_DESCRIPTOR_INVALID', `${file}: ${message}`, { position: { file, ...locate(path) }, hint })
  })
}

/** A table's fields. A field that is missing or null (as Go writes an empty list into JSON) is undefined or an empty list. */
export class FieldReader {
  readonly #table: Readonly<Record<string, unknown>>
  readonly #path: FieldPath
  readonly #error: FieldError
  readonly #asked = new Set<string>()

  constructor(table: Readonly<Record<string, unknown>>, path: FieldPath, error: FieldError) {
    this.#table = table
    this.#path = path
    this.#error = error
  }

  string(key: string): string | undefined {
    const value = this.#get(key)
    if (value === undefined || typeof value === 'string') return value
    throw this.#wrongType(key, 'a string', value)
  }

  /** @throws the document's error when the field is missing or empty */
  requiredString(key: string): string {
    const value = this.string(key)
    if (value === undefined || value === '') throw this.error(key, `'${this.#name(key)}' is required`)
    return value
  }

  boolean(key: string): boolean | undefined {
    const value = this.#get(key)
    if (value === undefined || typeof value === 'boolean') return value
    throw this.#wrongType(key, 'true or false', value)
  }

  strings(key: string): string[] {
    return this.#list(key, 'a list of strings').map((item, index) => {
      if (typeof item === 'string') return item
      throw this.#error([...this.#path, key, index], `'${this.#name(key)}' must be a list of strings`)
    })
  }

  table(key: string): FieldReader | undefined {
    const value = this.#get(key)
    if (value === undefined) return undefined
    if (isTable(value)) return new FieldReader(value, [...this.#path, key], this.#error)
    throw this.#wrongType(key, 'a table', value)
  }

  tables(key: string): FieldReader[] {
    return this.#list(key, 'a list of tables').map((item, index) => {
      if (isTable(item)) return new FieldReader(item, [...this.#path, key, index], this.#error)
      throw this.#error([...this.#path, key, index], `'${this.#name(key)}' must be a list of tables`)
    })
  }

  /** A field of any type, as parsed. */
  value(key: string): unknown {
    return this.#get(key)
  }

  /** The keys that the table has. */
  keys(): string[] {
    const keys = Object.keys(this.#table)
    if (keys.length > MAX_ITEMS) throw this.#tooMany(this.#path)
    return keys
  }

  /** Names keys that may be there but are not read. */
  allow(...keys: string[]): void {
    for (const key of keys) this.#asked.add(key)
  }

  /** The full names of keys that nobody has asked for or allowed. */
  unknownKeys(): string[] {
    return this.keys().filter((key) => !this.#asked.has(key)).map((key) => this.#name(key))
  }

  /** @throws the document's error for the first key that nobody has asked for or allowed */
  rejectUnknown(): void {
    const unknown = this.keys().find((key) => !this.#asked.has(key))
    if (unknown === undefined) return
    throw this.error(unknown, `unknown key '${this.#name(unknown)}'`, `Known here: ${[...this.#asked].sort().join(', ')}.`)
  }

  /** The error for a field of this table, or for the table itself when `key` is undefined. */
  error(key: string | undefined, message: string, hint?: string): CnbError {
    return this.#error(key === undefined ? this.#path : [...this.#path, key], message, hint)
  }

  #get(key: string): unknown {
    this.#asked.add(key)
    // Only own fields: a document has no `constructor` because every object has one.
    return Object.hasOwn(this.#table, key) ? (this.#table[key] ?? undefined) : undefined
  }

  #list(key: string, wanted: string): unknown[] {
    const value = this.#get(key)
    if (value === undefined) return []
    if (!Array.isArray(value)) throw this.#wrongType(key, wanted, value)
    if (value.length > MAX_ITEMS) throw this.#tooMany([...this.#path, key])
    return value
  }

  #name(key: string): string {
    return formatFieldPath([...this.#path, key])
  }

  #wrongType(key: string, wanted: string, value: unknown): CnbError {
    const is = Array.isArray(value) ? 'a list' : isTable(value) ? 'a table' : value instanceof Date ? 'a date' : `a ${typeof value}`
    return this.error(key, `'${this.#name(key)}' must be ${wanted}, not ${is}`)
  }

  #tooMany(path: FieldPath): CnbError {
    return this.#error(path, `'${formatFieldPath(path)}' has more than ${MAX_ITEMS} entries`)
  }
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
