/** JSON out of labels and caches without the loss that JavaScript's numbers bring: integers that no float can be become bigints. */

import { endOfString } from './json-edit.ts'

/** Deeper than any honest document; a hostile one must not use up the stack. */
const MAX_DEPTH = 500

/** Where a string, a number or a nesting begins or ends. */
const TOKEN = /["[\]{}]|-?\d[\d.eE+-]*/g
const MAX_INT64 = 2n ** 63n - 1n

/** No key of honest JSON; one in hostile JSON would give it a bigint, no more. */
const MARK = '\u0000integer'

/** @throws Error when it is no JSON, or nested more than 500 deep */
export function parseExactJson(text: string): unknown {
  const parts: string[] = []
  let copied = 0
  let depth = 0
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [token] = match
    if (token === '"') TOKEN.lastIndex = endOfString(text, match.index)
    else if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    else if (needsBigInt(token)) {
      parts.push(text.slice(copied, match.index), `{${JSON.stringify(MARK)}:"${token}"}`)
      copied = match.index + token.length
    }
    if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`)
  }
  if (parts.length === 0) return JSON.parse(text) as unknown
  return JSON.parse([...parts, text.slice(copied)].join(''), reviveBigInt) as unknown
}

/** What Go would print for a float may have been one; what is beyond 64 bits is a float for Go too. */
function needsBigInt(token: string): boolean {
  if (!/^-?\d{16,19}$/.test(token) || String(Number(token)) === token) return false
  const value = BigInt(token)
  return value <= MAX_INT64 && value >= -MAX_INT64 - 1n
}

function reviveBigInt(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, MARK)) return value
  const digits = (value as Record<string, unknown>)[MARK]
  return typeof digits === 'string' && /^-?\d{16,19}$/.test(digits) ? BigInt(digits) : null
}
