/** Reads data into the fields of a schema; unknown fields and wrong types are faults. */

import { isTable } from '../../formats/lenient-values.ts'
import type { FieldPath } from '../../formats/toml-positions.ts'
import { nearNames } from '../near-names.ts'
import { formatQuantity, parseQuantity } from './quantity.ts'
import { ANY, type ObjectSchema, type Schema } from './schema.ts'
import { REDACTED, REDACTED_HINT } from '../redacted-value.ts'

export interface DecodeFault {
  /** An unknown field is a warning for lenient readers; other capitals are one for all, as Go ignores them */
  readonly kind: 'unknown' | 'type' | 'capitals'
  readonly path: FieldPath
  readonly message: string
  readonly hint?: string
}

const BASE64_TEXT = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Returns the value with known fields only, and without nulls; faults are added to `faults`. */
export function decode(value: unknown, schema: ObjectSchema, faults: DecodeFault[], path: FieldPath = []): Record<string, unknown> {
  return (new Decoder(schema, faults).read(value, schema, path) ?? {}) as Record<string, unknown>
}

class Decoder {
  readonly #root: ObjectSchema
  readonly #faults: DecodeFault[]

  constructor(root: ObjectSchema, faults: DecodeFault[]) {
    this.#root = root
    this.#faults = faults
  }

  read(value: unknown, schema: Schema, path: FieldPath): unknown {
    switch (schema.type) {
      case 'any':
        return value
      case 'string':
      case 'boolean':
        return typeof value === schema.type ? value : this.#wrong(path, `a ${schema.type}`, value)
      case 'integer':
        return Number.isSafeInteger(value) ? value : this.#wrong(path, 'an integer', value)
      case 'quantity':
        return this.#quantity(value, path)
      case 'base64':
        return this.#bytes(value, path)
      case 'list':
        if (!Array.isArray(value)) return this.#wrong(path, 'a list', value)
        return value.map((item: unknown, index) => (item === null ? zero(schema.items) : this.read(item, schema.items, [...path, index])))
      case 'map':
        if (!isTable(value)) return this.#wrong(path, 'a map', value)
        return Object.fromEntries(
          Object.entries(value).map(([key, item]) => [key, item === null ? zero(schema.values) : this.read(item, schema.values, [...path, key])]),
        )
      case 'object':
        return isTable(value) ? this.#object(value, schema, path) : this.#wrong(path, 'a map of fields', value)
    }
  }

  #object(table: Record<string, unknown>, schema: ObjectSchema, path: FieldPath): Record<string, unknown> {
    const read: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(table)) {
      const name = this.#field(key, schema, [...path, key])
      const inner = name === undefined ? undefined : schema.fields[name]
      if (name === undefined || !inner || value === null) continue
      read[name] = this.read(value, inner, [...path, key])
    }
    return read
  }

  /** Returns the field that a key names. Go's decoder ignores case. */
  #field(key: string, schema: ObjectSchema, path: FieldPath): string | undefined {
    if (Object.hasOwn(schema.fields, key)) return key
    const name = Object.keys(schema.fields).find((field) => field.toLowerCase() === key.toLowerCase())
    if (name === undefined) this.#faults.push({ kind: 'unknown', path, message: `unknown field "${key}": ${pathText(path)}`, ...this.#hint(key, schema) })
    else this.#faults.push({ kind: 'capitals', path, message: `write the field "${key}" as "${name}": ${pathText(path)}` })
    return name
  }

  #hint(key: string, schema: ObjectSchema): { hint?: string } {
    const advice = schema.advice && Object.hasOwn(schema.advice, key) ? schema.advice[key] : undefined
    if (advice !== undefined) return { hint: advice }
    const names = [...nearNames(key, Object.keys(schema.fields)).slice(0, 2), ...placesOf(key, this.#root).slice(0, 1)]
    return names.length === 0 ? {} : { hint: `Did you mean ${[...new Set(names)].map((name) => `"${name}"`).join(' or ')}?` }
  }

  #quantity(value: unknown, path: FieldPath): string | undefined {
    if (typeof value !== 'string' && typeof value !== 'number') return this.#wrong(path, 'an amount', value)
    const quantity = parseQuantity(String(value).trim())
    if (typeof quantity !== 'string') return String(value).trim()
    this.#faults.push({ kind: 'type', path, message: `invalid value: ${value}: ${pathText(path)}\n${quantity}` })
    return undefined
  }

  #bytes(value: unknown, path: FieldPath): string | undefined {
    if (typeof value !== 'string') return this.#wrong(path, 'text in base64', value)
    const text = value.replace(/[\r\n]/g, '')
    if (BASE64_TEXT.test(text)) return text
    if (value === REDACTED) {
      this.#faults.push({ kind: 'type', path, message: `the value is redacted: ${pathText(path)}`, hint: REDACTED_HINT })
      return undefined
    }
    // The value may be a secret.
    this.#faults.push({ kind: 'type', path, message: `illegal base64 data: ${pathText(path)}`, hint: 'Encode the value in base64, or write it under stringData.' })
    return undefined
  }

  #wrong(path: FieldPath, wanted: string, value: unknown): undefined {
    const is = Array.isArray(value) ? 'a list' : isTable(value) ? 'a map' : value === null ? 'null' : `a ${typeof value}`
    this.#faults.push({ kind: 'type', path, message: `${pathText(path)} must be ${wanted}, not ${is}` })
    return undefined
  }
}

/** Returns Go's zero value, which an entry of a list or map has for null. */
function zero(schema: Schema): unknown {
  switch (schema.type) {
    case 'string':
    case 'base64':
      return ''
    case 'quantity':
      return '0'
    case 'boolean':
      return false
    case 'integer':
      return 0
    case 'list':
      return []
    case 'map':
    case 'object':
      return {}
    case 'any':
      return null
  }
}

/** Returns the value with its amounts in canonical form, as kpack stores them: `1Gi` for `1024Mi`. */
export function canonical(value: unknown, schema: Schema): unknown {
  if (schema.type === 'quantity' && typeof value === 'string') {
    const quantity = parseQuantity(value)
    return typeof quantity === 'string' ? value : formatQuantity(quantity)
  }
  if (schema.type === 'list' && Array.isArray(value)) return value.map((item) => canonical(item, schema.items))
  if (!isTable(value)) return value
  if (schema.type === 'map') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonical(item, schema.values)]))
  if (schema.type !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonical(item, schema.fields[key] ?? ANY)]))
}

/** Returns where in a document a field of this name exists: `spec.build.nodeSelector`. */
function placesOf(name: string, schema: Schema, path: readonly string[] = []): string[] {
  if (schema.type === 'list') return placesOf(name, schema.items, [...path.slice(0, -1), `${path.at(-1)}[]`])
  if (schema.type !== 'object' || path[0] === 'status' || path[0] === 'metadata') return []
  return Object.entries(schema.fields).flatMap(([key, inner]) => [
    ...(key === name && path.length > 0 ? [[...path, key].join('.')] : []),
    ...placesOf(name, inner, [...path, key]),
  ])
}

/** Formats a path: `spec.order[0].group[1].id`. */
function pathText(path: FieldPath): string {
  return path.reduce<string>((text, part) => text + (typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`), '')
}
