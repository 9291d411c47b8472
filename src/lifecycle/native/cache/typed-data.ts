/** TOML's two kinds of numbers in JSON, which has one: so that a float that a buildpack wrote comes back as a float. */

import { isTable } from '../../../formats/lenient-values.ts'

/** The key of a table that stands for a whole float; no buildpack writes it, and its own data is all that it could change. */
const FLOAT = '\u0000float'

/** The data of parseTomlData, with bigints for integers and numbers for floats, for a JSON document. */
export function markFloats(data: unknown): unknown {
  if (typeof data === 'number') return Number.isInteger(data) ? { [FLOAT]: Object.is(data, -0) ? '-0' : String(data) } : data
  return mapped(data, markFloats)
}

/** What markFloats made, read from JSON by parseExactJson. */
export function readFloats(data: unknown): unknown {
  // Its digits are the integer's, which BigInt(data) may not be.
  if (typeof data === 'number') return Number.isInteger(data) && Math.abs(data) < 1e21 ? BigInt(String(data)) : data
  if (isTable(data) && typeof data[FLOAT] === 'string' && Object.keys(data).length === 1) return Number(data[FLOAT])
  return mapped(data, readFloats)
}

function mapped(data: unknown, map: (part: unknown) => unknown): unknown {
  if (Array.isArray(data)) return data.map(map)
  return isTable(data) ? Object.fromEntries(Object.entries(data).map(([key, part]) => [key, map(part)])) : data
}
