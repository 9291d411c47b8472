/** Typed access to an SBOM's JSON. A value of another type is an error: rules must see all packages. */

import type { CnbError } from '../base/errors.ts'
import { isTable } from '../formats/lenient-values.ts'

/** Creates the error of a document; `why` continues its name. */
export type SbomFault = (why: string, cause?: unknown) => CnbError

/** Names, versions, URLs and texts of licences are shorter; a longer text is an error. */
const MAX_TEXT = 1024 * 1024

/** Reads a JSON document that is an object. */
export function parseSbomJson(content: Buffer, fault: SbomFault): JsonFields {
  let value: unknown
  try {
    value = JSON.parse(content.toString().replace(/^\uFEFF/, ''))
  } catch (error) {
    throw fault(`is not JSON: ${(error as Error).message}`, error)
  }
  if (!isTable(value)) throw fault('is not a JSON object')
  return new JsonFields(value, '', fault)
}

/** The members of an object; null counts as absent, as for Go. */
export class JsonFields {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #fault: SbomFault

  constructor(values: Readonly<Record<string, unknown>>, path: string, fault: SbomFault) {
    this.#values = values
    this.#path = path
    this.#fault = fault
  }

  /** Returns a text without the white space around it; undefined if it is empty. */
  string(key: string): string | undefined {
    return this.#text(this.#get(key), key)
  }

  /** The same for a member that has other types in other documents: only a text counts. */
  textOnly(key: string): string | undefined {
    const value = this.#get(key)
    return typeof value === 'string' ? this.#text(value, key) : undefined
  }

  required(key: string): string {
    const value = this.string(key)
    if (value === undefined) throw this.error(key, 'is missing')
    return value
  }

  object(key: string): JsonFields | undefined {
    const value = this.#get(key)
    return value === undefined ? undefined : this.#object(value, key)
  }

  objects(key: string): JsonFields[] {
    return this.#list(key).map((value, index) => this.#object(value, `${key}[${index}]`))
  }

  strings(key: string): string[] {
    return this.#list(key).flatMap((value, index) => this.#text(value, `${key}[${index}]`) ?? [])
  }

  /** Returns each item as a text or an object: older versions of formats have texts. */
  mixed(key: string): (string | JsonFields)[] {
    return this.#list(key).flatMap((value, index) => (isTable(value) ? this.#object(value, `${key}[${index}]`) : (this.#text(value, `${key}[${index}]`) ?? [])))
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined
  }

  error(key: string, what: string): CnbError {
    return this.#fault(`is malformed: ${this.#name(key)} ${what}`)
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.#values, key) ? (this.#values[key] ?? undefined) : undefined
  }

  #list(key: string): unknown[] {
    const value = this.#get(key) ?? []
    if (!Array.isArray(value)) throw this.error(key, 'is not a list')
    return value
  }

  #text(value: unknown, key: string): string | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string') throw this.error(key, 'is not a text')
    if (value.length > MAX_TEXT) throw this.error(key, `has more than ${MAX_TEXT} characters`)
    return value.trim() || undefined
  }

  #object(value: unknown, key: string): JsonFields {
    if (!isTable(value)) throw this.error(key, 'is not an object')
    return new JsonFields(value, this.#name(key), this.#fault)
  }

  #name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`
  }
}
