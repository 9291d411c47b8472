/**
 * JSON as Go's encoding/json writes it. An image's ID is the digest of its config's bytes, so that these must be the
 * ones that the lifecycle (go-containerregistry) would have written.
 */

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

/** Any JSON value; the keys of objects are sorted, as those of a Go map are. Undefined members are left out. */
export function encodeGoValue(value: unknown): string {
  if (typeof value === 'string') return encodeGoString(value)
  if (Array.isArray(value)) return `[${value.map(encodeGoValue).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  return encodeGoObject(
    Object.entries(value)
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([key, member]) => [key, member === undefined ? undefined : encodeGoValue(member)]),
  )
}

/** An object from members that are JSON already, in the order given; undefined ones are left out. */
export function encodeGoObject(members: readonly (readonly [string, string | undefined])[]): string {
  const present = members.filter(([, json]) => json !== undefined)
  return `{${present.map(([key, json]) => `${encodeGoString(key)}:${json}`).join(',')}}`
}
