/** Typed access to the fields of a parsed TOML or JSON document, for descriptors and labels. */

import type { CnbError } from '../base/errors.ts'
import { isTable } from './lenient-values.ts'
import type { FieldPath } from './toml-positions.ts'

/** Creates the error for a field, with the document's name and the field's position. */
export type FieldError = (path: FieldPath, message: string, hint?: string) => CnbError

/** More than any real list; bounds the work for a hostile document. */
export const MAX_ITEMS = 10_000

/** Formats a path: `order[0].group[1].id`. */
function formatFieldPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => text + (typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`), '')
}

/** Called for a key in non-standard case; the last part of `path` is the key as written. */
export type OtherCapitals = (path: FieldPath, key: string) => void

/** For files of buildpacks and of the lifecycle, which users cannot correct: of two spellings, the standard one counts. */
export const anyCapitals: OtherCapitals = () => {}

/** A key's value and its path in the document. */
interface FoundValue {
  readonly path: FieldPath
  readonly value: unknown
}

/** The fields of a table. A missing or null field (Go's JSON for an empty list) is undefined or an empty list. */
export class FieldReader {
  /** One table, or several with keys that differ only in case: `[io.x]` and `[IO.y]`. */
  readonly #tables: readonly { readonly path: FieldPath; readonly table: Readonly<Record<string, unknown>> }[]
  readonly #path: FieldPath
  readonly #error: FieldError
  readonly #otherCapitals: OtherCapitals | undefined
  /** By folded key. */
  #found: Map<string, FoundValue[]> | undefined
  readonly #asked = new Set<string>()

  /**
   * @param tables one table, or several that are merged
   * @param otherCapitals if absent, keys are case-sensitive
   */
  constructor(
    tables: Readonly<Record<string, unknown>> | readonly FoundValue[],
    path: FieldPath,
    error: FieldError,
    otherCapitals?: OtherCapitals,
  ) {
    this.#tables = Array.isArray(tables)
      ? (tables as readonly FoundValue[]).map(({ path, value }) => ({ path, table: value as Record<string, unknown> }))
      : [{ path, table: tables as Readonly<Record<string, unknown>> }]
    this.#path = path
    this.#error = error
    this.#otherCapitals = otherCapitals
  }

  string(key: string): string | undefined {
    const value = this.value(key)
    if (value === undefined || typeof value === 'string') return value
    throw this.#wrongType(key, 'a string', value)
  }

  /** @throws the document's error if the field is missing or empty */
  requiredString(key: string): string {
    const value = this.string(key)
    if (value === undefined || value === '') throw this.error(key, `'${this.#name(key)}' is required`)
    return value
  }

  boolean(key: string): boolean | undefined {
    const value = this.value(key)
    if (value === undefined || typeof value === 'boolean') return value
    throw this.#wrongType(key, 'true or false', value)
  }

  strings(key: string): string[] {
    return this.#list(key, 'a list of strings').map(({ value, path }) => {
      if (typeof (value ?? '') === 'string') return (value ?? '') as string
      throw this.#error(path, `'${this.#name(key)}' must be a list of strings`)
    })
  }

  table(key: string): FieldReader | undefined {
    return this.#table(key, this.#otherCapitals)
  }

  /** Returns a table with arbitrary keys, which are case-sensitive. */
  map(key: string): FieldReader | undefined {
    return this.#table(key, undefined)
  }

  tables(key: string): FieldReader[] {
    return this.#list(key, 'a list of tables').map(({ value, path }) => {
      if (isTable(value ?? {})) return new FieldReader((value ?? {}) as Record<string, unknown>, path, this.#error, this.#otherCapitals)
      throw this.#error(path, `'${this.#name(key)}' must be a list of tables`)
    })
  }

  /** Returns a field of any type, as parsed. */
  value(key: string): unknown {
    return this.#get(key)?.value
  }

  /** Whether the table has the key; does not count as a read. */
  has(key: string): boolean {
    return this.#find(key).length > 0
  }

  /** Returns the keys of the table as written. */
  keys(): string[] {
    const keys = this.#tables.flatMap(({ table }) => Object.keys(table))
    if (keys.length > MAX_ITEMS) throw this.#tooMany(this.#path)
    return keys
  }

  /** Marks keys as known without reading them. */
  allow(...keys: string[]): void {
    for (const key of keys) this.#asked.add(this.#folded(key))
  }

  /** Returns the full names of keys that were neither read nor allowed. */
  unknownKeys(): string[] {
    return this.#unknown().map(formatFieldPath)
  }

  /** @throws the document's error for the first key that was neither read nor allowed */
  rejectUnknown(): void {
    const [unknown] = this.#unknown()
    if (unknown === undefined) return
    throw this.#error(unknown, `unknown key '${formatFieldPath(unknown)}'`, `Use one of: ${[...this.#asked].sort().join(', ')}.`)
  }

  /** Returns the error for a field of this table, or for the table itself if `key` is undefined. */
  error(key: string | undefined, message: string, hint?: string): CnbError {
    return this.#error(key === undefined ? this.#path : this.#pathOf(key), message, hint)
  }

  #unknown(): FieldPath[] {
    this.keys()
    return this.#tables.flatMap(({ path, table }) =>
      Object.keys(table).filter((key) => !this.#asked.has(this.#folded(key))).map((key) => [...path, key]),
    )
  }

  #table(key: string, otherCapitals: OtherCapitals | undefined): FieldReader | undefined {
    const found = this.#find(key)
    if (found.length > 1 && found.every(({ value }) => isTable(value))) {
      this.#hear(key, found)
      return new FieldReader(found, found[0]?.path ?? this.#path, this.#error, otherCapitals)
    }
    const one = this.#get(key)
    if (one?.value === undefined) return undefined
    if (isTable(one.value)) return new FieldReader(one.value, one.path, this.#error, otherCapitals)
    throw this.#wrongType(key, 'a table', one.value)
  }

  /** @throws the document's error if the key occurs twice: Go's decoder picks one at random */
  #get(key: string): FoundValue | undefined {
    const found = this.#find(key)
    this.#hear(key, found)
    const [first, second] = found
    if (!first || !second) return first
    if (this.#otherCapitals === anyCapitals) return found.find(({ path }) => path.at(-1) === key) ?? first
    throw this.#error(second.path, `'${formatFieldPath(first.path)}' and '${formatFieldPath(second.path)}' are the same key`, `Keep only the key '${key}'.`)
  }

  #hear(key: string, found: readonly FoundValue[]): void {
    this.#asked.add(this.#folded(key))
    for (const { path } of found) if (path.at(-1) !== key) this.#otherCapitals?.(path, key)
  }

  #find(key: string): readonly FoundValue[] {
    if (!this.#found) {
      this.#found = new Map()
      for (const { path, table } of this.#tables) {
        for (const [name, value] of Object.entries(table)) {
          const folded = this.#folded(name)
          const found = this.#found.get(folded)
          const one = { path: [...path, name], value: value ?? undefined }
          if (found) found.push(one)
          else this.#found.set(folded, [one])
        }
      }
    }
    return this.#found.get(this.#folded(key)) ?? []
  }

  /** Folds case like Go's strings.EqualFold for ASCII letters: the long s equals s (the Kelvin sign lower-cases to k anyway). */
  #folded(key: string): string {
    return this.#otherCapitals ? key.replaceAll('\u017f', 's').toLowerCase() : key
  }

  #list(key: string, wanted: string): FoundValue[] {
    const one = this.#get(key)
    if (one?.value === undefined) return []
    const { value, path } = one
    if (!Array.isArray(value)) throw this.#wrongType(key, wanted, value)
    if (value.length > MAX_ITEMS) throw this.#tooMany(path)
    return value.map((item: unknown, index) => ({ value: item, path: [...path, index] }))
  }

  #pathOf(key: string): FieldPath {
    return this.#find(key)[0]?.path ?? [...this.#path, key]
  }

  #name(key: string): string {
    return formatFieldPath(this.#pathOf(key))
  }

  #wrongType(key: string, wanted: string, value: unknown): CnbError {
    const is = Array.isArray(value) ? 'a list' : isTable(value) ? 'a table' : value instanceof Date ? 'a date' : `a ${typeof value}`
    return this.error(key, `'${this.#name(key)}' must be ${wanted}, not ${is}`)
  }

  #tooMany(path: FieldPath): CnbError {
    return this.#error(path, `'${formatFieldPath(path)}' has more than ${MAX_ITEMS} entries`)
  }
}
