/** Saves the image of a Builder or ClusterBuilder on the engine. */

import type { Context } from '../../../base/events.ts'
import type { StoredPlan } from '../../../builder/kpack/kpack-builder.ts'
import { openEngineImages } from '../../../images/engine/engine-source.ts'
import type { ImagePlan, LayerBlob, SavedImage } from '../../../images/image.ts'
import { blobLayer } from '../../../images/layers/plain-layer.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import { ociLayerType } from '../../../oci/media-types.ts'
import { formatReference, type Tag } from '../../../oci/reference.ts'
import type { EngineServices } from '../../services.ts'

/** Returns the plan of a builder. Its layers are read from registries, each only if the engine lacks it. */
export function enginePlan(buildImage: StoredImage, { config, layers: added }: StoredPlan, tag: Tag): ImagePlan {
  const layers = [...buildImage.layers, ...added.map(({ diffId, blob }) => blobLayer(diffId, ofOci(blob)))]
  const blobs = new Map(layers.flatMap(({ diffId, blob }) => (blob ? [[diffId, blob] as const] : [])))
  return { config, layers, blobs, tags: [tag] }
}

/** Engines with a containerd store keep blobs as they are: one media type, one ID. */
function ofOci(blob: LayerBlob): LayerBlob {
  const { descriptor } = blob
  return { ...blob, descriptor: { ...descriptor, mediaType: ociLayerType(descriptor.mediaType) ?? descriptor.mediaType } }
}

/** Saves a builder, unless the engine has it. @throws CnbError CNB_ENGINE_*, CNB_REGISTRY_*, CNB_IMAGE_INVALID */
export async function saveBuilder(plan: ImagePlan, { engine, owner }: EngineServices, context: Context): Promise<SavedImage> {
  await using images = openEngineImages(engine, owner)
  const previous = await images.find(formatReference(plan.tags[0]!), context)
  return await images.save(previous ? { ...plan, previous } : plan, context)
}
