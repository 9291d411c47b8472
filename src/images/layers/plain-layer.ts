/** A layer as it was before it was compressed. */

import type { Readable } from 'node:stream'
import { decompress } from '../../archive/decompress.ts'
import { verified } from '../../archive/verified-stream.ts'
import type { Digest } from '../../oci/digest.ts'

/**
 * The layer's tar out of its blob, whose own digest its store has checked, or checks on the way.
 * @param differs the error at the end of a stream that is not the layer
 * @throws CnbError CNB_UNSUPPORTED for a compression that cannot be read here; the stream fails with CNB_IMAGE_INVALID for a malformed one
 */
export async function plainLayer(blob: Readable, digest: Digest, diffId: Digest, differs: (found: Digest) => Error): Promise<Readable> {
  if (digest === diffId) return blob
  return verified(await decompress(blob, { source: `blob ${digest}`, invalid: 'CNB_IMAGE_INVALID' }), diffId, differs)
}
