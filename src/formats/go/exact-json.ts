/** Parser for JSON of labels and caches that returns large integers as bigints. */

import { endOfString } from './json-edit.ts'

/** Deeper than any real document; protects the stack against a hostile one. */
const MAX_DEPTH = 500

/** The start or end of a string, number, object or array. */
const TOKEN = /["[\]{}]|-?\d[\d.eE+-]*/g
const MAX_INT64 = 2n ** 63n - 1n

/** A key that real JSON does not contain; in hostile JSON it only creates a bigint. */
const MARK = '\u0000integer'

/** @throws Error if the text is not JSON, or nested deeper than 500 levels */
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
    if (depth > MAX_DEPTH) throw new Error(`is nested deeper than ${MAX_DEPTH} levels`)
  }
  if (parts.length === 0) return JSON.parse(text) as unknown
  return JSON.parse([...parts, text.slice(copied)].join(''), reviveBigInt) as unknown
}

/** Digits that Go prints for a float stay a number; beyond 64 bits, Go uses a float too. */
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
