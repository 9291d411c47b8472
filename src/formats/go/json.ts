/**
 * JSON as Go's encoding/json writes it.
 *
 * An image's ID is the digest of its config: the bytes must be equal to those that the lifecycle (go-containerregistry) would write.
 */

/** Maximum nesting depth of data; a limit keeps hostile data from exhausting the stack. */
const MAX_DEPTH = 500

/** Characters that Go escapes to make JSON safe in HTML and JavaScript. */
const HTML = /[<>&\u2028\u2029]/g

/** Encodes a string with quotes. Lone surrogates, which Go cannot represent, become the replacement character. */
export function encodeGoString(text: string): string {
  const json = JSON.stringify(text.toWellFormed())
  return json.replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Whether Go's `omitempty` omits a value: false, 0, the empty string, and empty or absent lists and maps. */
export function isGoEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** Compares strings by their UTF-8 bytes, as Go sorts map keys (JavaScript compares UTF-16 units). */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/**
 * Encodes any JSON value, with bigints as integers; keys of objects are sorted like those of a Go map. Undefined members are omitted,
 * and undefined elsewhere is null.
 * @throws Error for values that JSON cannot hold: `inf`, `nan`, and a nesting deeper than 500
 */
export function encodeGoValue(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new Error(`it is nested deeper than ${MAX_DEPTH} levels`)
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

/** Encodes an object from members in JSON, in the given order; undefined members are omitted. */
export function encodeGoObject(members: readonly (readonly [string, string | undefined])[]): string {
  const present = members.filter(([, json]) => json !== undefined)
  return `{${present.map(([key, json]) => `${encodeGoString(key)}:${json}`).join(',')}}`
}
