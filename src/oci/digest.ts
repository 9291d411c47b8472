/** Content digests (OCI image-spec, descriptor.md "Digests"); `cnb` creates only sha256. */

import { createHash } from 'node:crypto'

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`

const DIGEST = /^sha256:[0-9a-f]{64}$/

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text)
}

/** Returns the digest of `bytes`. */
export function digestOf(bytes: Buffer | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Returns the hexadecimal part of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}

/** Whether a text is the ID of an image on an engine, with or without `sha256:`. It identifies one image, and registries do not accept it. */
export function isImageId(text: string): boolean {
  return isDigest(text) || isDigest(`sha256:${text}`)
}
