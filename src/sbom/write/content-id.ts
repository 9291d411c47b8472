/** Names that follow from a document's content: the same content has the same bytes. */

import { createHash } from 'node:crypto'

/** Returns a UUID of version 8 (RFC 9562): the digest of the text, with the bits of version and variant. */
export function contentUuid(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export function contentId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
