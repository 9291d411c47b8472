/** Saving one image to several sinks at once, with one manifest for all that have any. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import { formatReference } from '../../oci/reference.ts'
import type { Image, ImagePlan, ImageSink, ImageSource, LayerBlob, SavedImage } from '../image.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'
import type { Sink } from './sink.ts'

/** A sink, and what saves images there. */
export interface OpenSink {
  readonly sink: Sink
  readonly images: ImageSink
}

/** The registries come last, for what fails is most often the network, and an image that is published cannot be called back. */
const ORDER: readonly Sink['store'][] = ['files', 'engine', 'registry']

/**
 * What was saved before a failure stays, and the error says where. The result has the ID and the names of the first sink.
 * @param published where images may be found whose layers need not be compressed again
 */
export function openSinks(sinks: readonly OpenSink[], blobs: LayerBlobs, published: ImageSource): ImageSink {
  const ordered = ORDER.flatMap((store) => sinks.filter(({ sink }) => sink.store === store))
  return {
    async save(plan, context = {}) {
      const images = [plan.base, ...(plan.previous ? [plan.previous] : [])]
      images.forEach((image) => blobs.remember(image))
      // Base and previous image come from the engine then.
      const isShared = sinks.some(({ sink }) => sink.store === 'engine') && sinks.some(({ sink }) => sink.takesBlobs)
      if (isShared) await learnBlobs(blobs, images, plan, published, context)
      const saved = new Map<OpenSink, SavedImage>()
      try {
        for (const each of ordered) {
          const isUncompressed = isShared && !each.sink.takesBlobs
          saved.set(each, await each.images.save(isUncompressed ? { ...plan, blobs: await allBlobs(blobs, plan, context) } : plan, context))
        }
      } catch (error) {
        throw savedBefore(error, saved)
      }
      return together(saved.get(sinks[0]!), [...saved.values()].reverse())
    },
  }
}

/** The registry's own base and previous image may say how their layers are called there. */
async function learnBlobs(blobs: LayerBlobs, images: readonly Image[], plan: ImagePlan, published: ImageSource, context: Context): Promise<void> {
  const lacking = new Set(plan.layers.filter((layer) => !blobs.lookup(layer)).map(({ diffId }) => diffId))
  const isLacking = ({ layers }: Image): boolean => layers.some(({ diffId }) => lacking.has(diffId))
  const [name] = plan.tags
  const names = [...images.filter(isLacking).map(({ reference }) => reference), ...(name && lacking.size > 0 ? [formatReference(name)] : [])]
  await Promise.all([...new Set(names)].map(async (reference) => {
    try {
      const found = await published.find(reference, context)
      if (found) blobs.remember(found)
    } catch (error) {
      context.signal?.throwIfAborted()
      context.events?.({ type: 'debug', message: `no layers are taken over from '${reference}': ${toCnbError(error).message}` })
    }
  }))
}

async function allBlobs(blobs: LayerBlobs, { layers }: ImagePlan, context: Context): Promise<ReadonlyMap<Digest, LayerBlob>> {
  return new Map(await Promise.all(layers.map(async (layer) => [layer.diffId, await blobs.of(layer, context)] as const)))
}

/** Tells of the sinks that have the image although it could not be saved to all. */
function savedBefore(error: unknown, saved: ReadonlyMap<OpenSink, SavedImage>): unknown {
  if (saved.size === 0 || !(error instanceof CnbError)) return error
  const places = [...saved].map(([{ sink }, { tags }]) => sink.describe(tags.join(', ')))
  return error.withMessage(`${error.message}; the image is ${places.join(' and ')}`)
}

/** On the engine the image has an ID of its own; what is published has digests. @param all those of registries first */
function together(first: SavedImage | undefined, all: readonly SavedImage[]): SavedImage {
  const { id = '', tags = [] } = first ?? {}
  const manifest = all.find((each) => each.manifest)?.manifest
  return { id, tags, repoDigests: all.flatMap(({ repoDigests }) => repoDigests), ...(manifest ? { manifest } : {}) }
}
