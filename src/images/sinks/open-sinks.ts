/** Saves one image to several sinks, with the same manifest in all that store manifests. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import { formatReference } from '../../oci/reference.ts'
import type { Image, ImagePlan, ImageSink, ImageSource, LayerBlob, SavedImage } from '../image.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'
import type { Sink } from './sink.ts'

/** A sink, and its images. */
export interface OpenSink {
  readonly sink: Sink
  readonly images: ImageSink
}

/** Registries come last: most failures are network failures, and a published image cannot be withdrawn. */
const ORDER: readonly Sink['store'][] = ['files', 'engine', 'registry']

/**
 * Returns a sink that saves to all `sinks`. After a failure, saved images remain, and the error lists them. The result has the ID and
 * the names of the first sink.
 * @param published the source of published images, to reuse their compressed layers
 */
export function openSinks(sinks: readonly OpenSink[], blobs: LayerBlobs, published: ImageSource): ImageSink {
  const ordered = ORDER.flatMap((store) => sinks.filter(({ sink }) => sink.store === store))
  return {
    async save(plan, context = {}) {
      const images = [plan.base, ...(plan.previous ? [plan.previous] : [])]
      images.forEach((image) => blobs.remember(image))
      // In this case the base and the previous image come from the engine, without compressed layers.
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

/** Looks up compressed layers in the published base and previous image. */
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
      context.events?.({ type: 'debug', message: `cannot reuse layers of '${reference}': ${toCnbError(error).message}` })
    }
  }))
}

async function allBlobs(blobs: LayerBlobs, { layers }: ImagePlan, context: Context): Promise<ReadonlyMap<Digest, LayerBlob>> {
  return new Map(await Promise.all(layers.map(async (layer) => [layer.diffId, await blobs.of(layer, context)] as const)))
}

/** Adds the sinks that have already saved the image to the error. */
function savedBefore(error: unknown, saved: ReadonlyMap<OpenSink, SavedImage>): unknown {
  if (saved.size === 0 || !(error instanceof CnbError)) return error
  const places = [...saved].map(([{ sink }, { tags }]) => sink.describe(tags.join(', ')))
  return error.withMessage(`${error.message}; the image is ${places.join(' and ')}`)
}

/** Combines the results: ID and names of the first sink, digests of all. @param all the results, registries first */
function together(first: SavedImage | undefined, all: readonly SavedImage[]): SavedImage {
  const { id = '', tags = [] } = first ?? {}
  const manifest = all.find((each) => each.manifest)?.manifest
  return { id, tags, repoDigests: all.flatMap(({ repoDigests }) => repoDigests), ...(manifest ? { manifest } : {}) }
}
