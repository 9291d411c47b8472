/**
 * JSON as Go's encoding/json writes it. An image's ID is the digest of its config's bytes, so that these must be the
 * ones that the lifecycle (go-containerregistry) would have written.
 */

/** Deeper than any honest data; hostile data must not use up the stack. */
const MAX_DEPTH = 500

/** Go escapes these so that JSON can stand inside HTML and JavaScript. */
const HTML = /[<>&\u2028\u2029]/g

/** A string with its quotes. Lone surrogates, which Go cannot hold, become the replacement character. */
export function encodeGoString(text: string): string {
  const json = JSON.stringify(text.replace(/\p{Surrogate}/gu, '\uFFFD'))
  return json.replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Whether Go's `omitempty` leaves a value out: false, 0, the empty string, and empty or absent lists and maps. */
export function isGoEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** Orders strings by their bytes in UTF-8, as Go sorts a map's keys (JavaScript compares UTF-16 units instead). */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/**
 * Any JSON value, with bigints as integers; the keys of objects are sorted, as those of a Go map are. Undefined members are left
 * out, and undefined elsewhere is null.
 * @throws Error for what JSON cannot hold: `inf`, `nan`, and a nesting more than 500 deep
 */
export function encodeGoValue(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`)
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'string') return encodeGoString(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`it has the number ${value}`)
  // Go keeps the sign of a zero; both languages print all other numbers alike.
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map((item) => encodeGoValue(item, depth + 1)).join(',')}]`
  if (typeof value !== 'object') throw new Error(`it has a ${typeof value}`)
  return encodeGoObject(
    Object.entries(value)
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([key, member]) => [key, member === undefined ? undefined : encodeGoValue(member, depth + 1)]),
  )
}

/** An object from members that are JSON already, in the order given; undefined ones are left out. */
export function encodeGoObject(members: readonly (readonly [string, string | undefined])[]): string {
  const present = members.filter(([, json]) => json !== undefined)
  return `{${present.map(([key, json]) => `${encodeGoString(key)}:${json}`).join(',')}}`
}
