/** Names of hash algorithms. */

import type { SbomHash } from './package.ts'

/** `SHA256` is `SHA-256` in CycloneDX; `SHA3-256` and `BLAKE2b-256` are the same. */
export function cycloneDxAlgorithm(name: string): SbomHash['algorithm'] {
  return name.replace(/^SHA(\d{1,3})$/, 'SHA-$1')
}
