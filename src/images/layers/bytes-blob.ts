/** A blob in memory, such as a configuration. */

import { Readable } from 'node:stream'
import { digestOf } from '../../oci/digest.ts'
import type { LayerBlob } from '../image.ts'

export function bytesBlob({ mediaType, content }: { mediaType: string; content: Buffer }): LayerBlob & { readonly content: Buffer } {
  const descriptor = { mediaType, digest: digestOf(content), size: content.length }
  return { descriptor, content, open: async () => Readable.from(content, { objectMode: false }) }
}
