/**
 * TOML as the lifecycle writes it into a label: decoded by BurntSushi/toml into Go's generic types, encoded by encoding/json.
 * A buildpack's own data passes through here, and one other byte would be another image.
 */

import { CnbError } from '../../base/errors.ts'
import { compareBytes, encodeGoObject, encodeGoString } from './json.ts'

/** Deeper than any honest data; hostile data must not use up the stack. */
const MAX_DEPTH = 500

/**
 * A TOML value (parseTomlData) as JSON; absent is `null`.
 * @param what names the value in the error
 * @throws CnbError CNB_EXPORT_FAILED for what no JSON can hold: `inf`, `nan`, a nesting without end
 */
export function tomlDataJson(value: unknown, what: string): string {
  const refuse = (problem: string): CnbError => new CnbError('CNB_EXPORT_FAILED', `exporting the image failed: ${what} cannot be written into a label: ${problem}`)
  const encode = (part: unknown, depth: number): string => {
    if (depth > MAX_DEPTH) throw refuse(`it is nested more than ${MAX_DEPTH} deep`)
    if (part === undefined || part === null) return 'null'
    if (typeof part === 'string') return encodeGoString(part)
    if (typeof part === 'number' && !Number.isFinite(part)) throw refuse(`it has the number ${part}`)
    // Go keeps the sign of a zero; both languages print all other numbers alike.
    if (typeof part === 'number') return Object.is(part, -0) ? '-0' : String(part)
    if (typeof part === 'bigint' || typeof part === 'boolean') return String(part)
    if (Array.isArray(part)) return `[${part.map((item) => encode(item, depth + 1)).join(',')}]`
    if (typeof part !== 'object') throw refuse(`it has a ${typeof part}`)
    const members = Object.entries(part).sort(([a], [b]) => compareBytes(a, b))
    return encodeGoObject(members.map(([key, member]) => [key, encode(member, depth + 1)]))
  }
  return encode(value, 0)
}
