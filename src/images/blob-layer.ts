/** A layer read from its blob in an engine's content store. */

import type { Readable } from 'node:stream'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Content } from '../docker/engine.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { plainLayer } from './plain-layer.ts'

/**
 * The layer's tar from one of `blobs`, or from its own uncompressed blob; undefined when the store has none of them.
 * The stream fails with CNB_IMAGE_INVALID when what came out is not the layer.
 */
export async function openLayerBlob(
  content: Content,
  diffId: Digest,
  blobs: readonly (Descriptor | undefined)[],
  context: Context = {},
): Promise<Readable | undefined> {
  for (const digest of new Set([diffId, ...blobs.flatMap((blob) => blob?.digest ?? [])])) {
    const blob = await content.read(digest, context)
    if (blob) return plainLayer(blob, digest, diffId, isOther(diffId))
  }
  return undefined
}

function isOther(diffId: Digest): (found: Digest) => CnbError {
  const hint = 'Pull or build the image again.'
  return (found) => new CnbError('CNB_IMAGE_INVALID', `the engine's blob of layer ${diffId} holds ${found}`, { hint })
}
