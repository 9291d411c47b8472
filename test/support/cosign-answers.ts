/** Keys, signatures and attestations of the real cosign (fixtures/golden/cosign/record). */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '../../src/oci/digest.ts'

interface CosignKeyPair {
  readonly private: string
  readonly password: string
  readonly public: string
}

export interface CosignAnswers {
  readonly repository: string
  readonly digest: Digest
  readonly keys: Readonly<Record<'ecdsa' | 'open' | 'rsa' | 'p384', CosignKeyPair>>
  /** Manifests. */
  readonly signatures: string
  readonly attestations: string
  /** Configurations and layers by digest. */
  readonly blobs: Readonly<Record<string, string>>
}

export function cosignAnswers(): CosignAnswers {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/golden/cosign/answers.json'), 'utf8')) as CosignAnswers
}
