/** What manifests and indexes say of the content that they name (OCI image-spec, descriptor.md). */

import type { Digest } from './digest.ts'
import type { Platform } from './platform.ts'

export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** In an index: what the image is for. */
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
}
