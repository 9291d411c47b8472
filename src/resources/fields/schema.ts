/** Schemas of resources: which fields exist, their types, and the order in which they are written. */

/** A table of known fields. */
export interface ObjectSchema {
  readonly type: 'object'
  /** In the order in which they are written */
  readonly fields: Readonly<Record<string, Schema>>
  /** Advice on names that users expect here, but that are not fields */
  readonly advice?: Readonly<Record<string, string>>
}

export type Schema =
  | { readonly type: 'string' | 'boolean' | 'integer' | 'quantity' | 'base64' | 'any' }
  | { readonly type: 'list'; readonly items: Schema }
  | { readonly type: 'map'; readonly values: Schema }
  | ObjectSchema

export const STRING: Schema = { type: 'string' }
export const BOOLEAN: Schema = { type: 'boolean' }
export const INTEGER: Schema = { type: 'integer' }
/** An amount such as `2Gi` or `500m`: resource.Quantity of Kubernetes. */
export const QUANTITY: Schema = { type: 'quantity' }
/** Bytes in base64. */
export const BASE64: Schema = { type: 'base64' }
/** A value that is kept as it is. */
export const ANY: Schema = { type: 'any' }

export function listOf(items: Schema): Schema {
  return { type: 'list', items }
}

export function mapOf(values: Schema): Schema {
  return { type: 'map', values }
}

export function object(fields: Readonly<Record<string, Schema>>, advice?: Readonly<Record<string, string>>): ObjectSchema {
  return { type: 'object', fields, ...(advice && { advice }) }
}

/** Returns an object of strings: `strings('id', 'version')`. */
export function strings(...names: string[]): ObjectSchema {
  return object(Object.fromEntries(names.map((name) => [name, STRING])))
}

/** Returns the value with the fields of each object in the schema's order, and the keys of maps sorted. Absent fields are left out. */
export function ordered(value: unknown, schema: Schema): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return schema.type === 'list' ? value.map((item) => ordered(item, schema.items)) : (value as unknown[])
  const table = value as Record<string, unknown>
  if (schema.type === 'map') return Object.fromEntries(Object.entries(table).sort(byKey).map(([key, item]) => [key, ordered(item, schema.values)]))
  if (schema.type !== 'object') return value
  return Object.fromEntries(
    Object.entries(schema.fields).filter(([key]) => table[key] !== undefined).map(([key, inner]) => [key, ordered(table[key], inner)]),
  )
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
