/** A blob that is in memory: a configuration. */

import { Readable } from 'node:stream'
import { digestOf } from '../oci/digest.ts'
import type { LayerBlob } from './image.ts'

export function bytesBlob({ mediaType, content }: { mediaType: string; content: Buffer }): LayerBlob {
  return { descriptor: { mediaType, digest: digestOf(content), size: content.length }, open: async () => Readable.from([content], { objectMode: false }) }
}
