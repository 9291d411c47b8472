/** Decompresses a layer's blob. */

import type { Readable } from 'node:stream'
import { decompress } from '../../archive/decompress.ts'
import { verified } from '../../archive/verified-stream.ts'
import { CnbError } from '../../base/errors.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Layer, LayerBlob } from '../image.ts'

/**
 * Returns the layer's tar from its blob. The store verifies the blob's digest, this function the layer's.
 * @param differs creates the error at the end of a stream with another digest
 * @throws CnbError CNB_UNSUPPORTED for an unsupported compression; the stream fails with CNB_IMAGE_INVALID for malformed data
 */
export async function plainLayer(blob: Readable, digest: Digest, diffId: Digest, differs: (found: Digest) => Error): Promise<Readable> {
  if (digest === diffId) return blob
  return verified(await decompress(blob, { source: `blob ${digest}`, invalid: 'CNB_IMAGE_INVALID' }), diffId, differs)
}

/** Returns the layer that a blob contains. */
export function blobLayer(diffId: Digest, blob: LayerBlob): Layer {
  const { digest } = blob.descriptor
  const differs = (found: Digest): Error => new CnbError('CNB_IMAGE_INVALID', `blob ${digest} should contain layer ${diffId}, but contains ${found}`)
  return { diffId, blob, open: async (signal) => plainLayer(await blob.open(signal), digest, diffId, differs) }
}
