/**
 * A cache in a registry: an image with the cached layers and a label with their metadata.
 *
 * This is the stock lifecycle's format (lifecycle cache/image_cache.go); each driver can read the other's cache images.
 */

import type { Context } from '../../../base/events.ts'
import type { Image, ImageSink, ImageSource, Layer } from '../../../images/image.ts'
import { CONSTANT_TIME } from '../../../oci/constant-time.ts'
import type { Digest } from '../../../oci/digest.ts'
import { familiarName, type Tag } from '../../../oci/reference.ts'
import type { BuildStart } from '../../lifecycle.ts'
import { memoryLayer } from '../layers/memory-layer.ts'
import { CACHE_METADATA, cacheMetadata, writeCacheMetadata } from './cache-metadata.ts'
import type { LayerTars } from './layer-tars.ts'
import type { SharedCache, CacheContent } from './shared-cache.ts'

/** The registries, for images of the build's platform. */
export type CacheImages = ImageSource & ImageSink

export function openCacheImage(reference: Tag, images: CacheImages, { builder, clearCache }: Pick<BuildStart, 'builder' | 'clearCache'>): SharedCache {
  const place = familiarName(reference)
  let found: Promise<Image | undefined> | undefined
  const find = (context: Context): Promise<Image | undefined> => (found ??= images.find(place, context))
  return {
    place,
    tars: imageTars(find),
    blob: async (diffId, context) => layerOf(await find(context), diffId)?.blob,
    async fill(content, context) {
      const present = clearCache ? undefined : await find(context)
      const layers = await cachedLayers(content, present)
      const { architecture, os } = builder.image.config
      await images.save(
        {
          base: present,
          config: {
            architecture,
            os,
            created: CONSTANT_TIME,
            config: { Labels: { [CACHE_METADATA]: writeCacheMetadata(cacheMetadata(content.record)).trimEnd() } },
            rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
            history: layers.map(() => ({ created: CONSTANT_TIME })),
          },
          layers,
          tags: [reference],
        },
        context,
      )
    },
  }
}

/** Registries reject images without layers, so an empty cache has one empty layer. */
async function cachedLayers({ record, layerOf, sbom }: CacheContent, present: Image | undefined): Promise<Layer[]> {
  const blobs = new Map(present?.layers.map(({ diffId, blob }) => [diffId, blob]))
  // The layer's content is read only if the registry does not have the blob.
  const layer = (diffId: Digest, make: () => Promise<Layer>): Layer => {
    const blob = blobs.get(diffId)
    return { diffId, blob, open: async (signal) => (await make()).open(signal) }
  }
  const layers = new Map<Digest, Layer>()
  for (const { id, layers: cached } of record.buildpacks) {
    for (const [name, { sha }] of Object.entries(cached)) if (!layers.has(sha)) layers.set(sha, layer(sha, () => layerOf(id, name)))
  }
  if (sbom && record.sbom.cache) layers.set(sbom.diffId, sbom)
  return layers.size > 0 ? [...layers.values()] : [await memoryLayer([], [], { uid: 0, gid: 0 })]
}

function imageTars(find: (context: Context) => Promise<Image | undefined>): LayerTars {
  return {
    metadata: async (context) => (await find(context))?.labels[CACHE_METADATA],
    open: async (diffId, context) => layerOf(await find(context), diffId)?.open(context.signal),
  }
}

function layerOf(image: Image | undefined, diffId: Digest): Layer | undefined {
  return image?.layers.find((layer) => layer.diffId === diffId)
}
