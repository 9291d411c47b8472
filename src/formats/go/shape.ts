/**
 * Shapes of Go structs: values as encoding/json writes them.
 *
 * A shape returns a value with its fields in the order of the struct, without fields that `omitempty` omits; undefined if the value itself
 * is omitted. Two values are semantically equal in Kubernetes (`equality.Semantic`) if their shapes are: absent and empty lists are.
 */

import { compareBytes, encodeGoObject, encodeGoString } from './json.ts'

export type Shape = (value: unknown) => unknown

/** A field with `omitempty` that is not a pointer: a text, a number or a flag. */
export const scalar: Shape = (value) => value || undefined

/** A text without `omitempty`. */
export const text: Shape = (value) => value ?? ''

/** A struct that is not a pointer: it is never omitted. */
export function struct(fields: Readonly<Record<string, Shape>>): Shape {
  return (value) => present(Object.entries(fields).map(([name, shape]) => [name, shape(memberOf(value, name))]))
}

/** A pointer with `omitempty`: its value may be empty. */
export function pointer(shape: Shape = (value) => value): Shape {
  return (value) => (value === undefined || value === null ? undefined : shape(value))
}

export function list(shape: Shape): Shape {
  return (value) => (Array.isArray(value) && value.length > 0 ? value.map(shape) : undefined)
}

export function map(shape: Shape): Shape {
  return (value) => {
    const entries = Object.entries(value ?? {}).sort(([a], [b]) => compareBytes(a, b))
    return entries.length === 0 ? undefined : present(entries.map(([key, member]) => [key, shape(member)]))
  }
}

/** Encodes a value with its members in their order. */
export function encodeShape(value: unknown): string {
  if (typeof value === 'string') return encodeGoString(value)
  if (Array.isArray(value)) return `[${value.map(encodeShape).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  return encodeGoObject(Object.entries(value).map(([key, member]) => [key, member === undefined ? undefined : encodeShape(member)]))
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function present(entries: [string, unknown][]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}
