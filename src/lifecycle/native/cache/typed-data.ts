/** Preserves TOML's distinction between integers and floats in JSON, which has one kind of number. */

import { isTable } from '../../../formats/lenient-values.ts'

/**
 * The key of a table that represents a float with an integral value. Buildpacks do not use it; one that did would change only its
 * own data.
 */
const FLOAT = '\u0000float'

/** Converts the result of parseTomlData, with bigints for integers and numbers for floats, into data for a JSON document. */
export function markFloats(data: unknown): unknown {
  if (typeof data === 'number') return Number.isInteger(data) ? { [FLOAT]: Object.is(data, -0) ? '-0' : String(data) } : data
  return mapped(data, markFloats)
}

/** Reverses markFloats; `data` is a result of parseExactJson. */
export function readFloats(data: unknown): unknown {
  // String(data) has the integer's digits; BigInt(data) may have others.
  if (typeof data === 'number') return Number.isInteger(data) && Math.abs(data) < 1e21 ? BigInt(String(data)) : data
  if (isTable(data) && typeof data[FLOAT] === 'string' && Object.keys(data).length === 1) return Number(data[FLOAT])
  return mapped(data, readFloats)
}

function mapped(data: unknown, map: (part: unknown) => unknown): unknown {
  if (Array.isArray(data)) return data.map(map)
  return isTable(data) ? Object.fromEntries(Object.entries(data).map(([key, part]) => [key, map(part)])) : data
}
