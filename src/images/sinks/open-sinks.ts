/** Saves one image to several sinks, with the same manifest in all that store manifests. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import { formatReference } from '../../oci/reference.ts'
import type { Image, ImagePlan, ImageSink, ImageSource, LayerBlob, SavedImage } from '../image.ts'
import type { IndexSink } from '../index/image-index.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'
import type { Registries } from '../../registry/registry.ts'
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
  return {
    async save(plan, context = {}) {
      const images = [plan.base, plan.previous].filter((image) => image !== undefined)
      images.forEach((image) => blobs.remember(image))
      // In this case the base and the previous image come from the engine, without compressed layers.
      const isShared = sinks.some(({ sink }) => sink.store === 'engine') && sinks.some(({ sink }) => sink.takesBlobs)
      if (isShared) await learnBlobs(blobs, images, plan, published, context)
      return saveInOrder(sinks, async ({ sink, images: store }) => {
        return store.save(isShared && !sink.takesBlobs ? { ...plan, blobs: await allBlobs(blobs, plan, context) } : plan, context)
      })
    },
  }
}

/**
 * Returns a sink that saves indexes to all `sinks`, which have their images; results and errors are those of openSinks.
 * @throws CnbError CNB_USAGE if one of them cannot store an index
 */
export function openIndexSinks(sinks: readonly Sink[], registries: Registries): IndexSink {
  const opened = sinks.map((sink) => ({ sink, indexes: sink.openIndexes?.({ registries }) ?? cannotStore(sink) }))
  return { save: (plan, context) => saveInOrder(opened, ({ indexes }) => indexes.save(plan, context)) }
}

/** Checks that all sinks can store an index of images for several platforms. @throws CnbError CNB_USAGE */
export function checkIndexSinks(sinks: readonly Sink[]): void {
  for (const sink of sinks) if (!sink.openIndexes) cannotStore(sink)
}

function cannotStore({ place }: Sink): never {
  throw new CnbError('CNB_USAGE', `cannot save images for several platforms to '${place}': it stores one image under a name`, {
    hint: 'Use --to registry or --to oci:DIR.',
  })
}

async function saveInOrder<T extends { readonly sink: Sink }>(sinks: readonly T[], save: (each: T) => Promise<SavedImage>): Promise<SavedImage> {
  const saved = new Map<T, SavedImage>()
  try {
    for (const each of ORDER.flatMap((store) => sinks.filter(({ sink }) => sink.store === store))) saved.set(each, await save(each))
  } catch (error) {
    throw savedBefore(error, saved)
  }
  return together(saved.get(sinks[0]!), [...saved.values()].reverse())
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
function savedBefore(error: unknown, saved: ReadonlyMap<{ readonly sink: Sink }, SavedImage>): unknown {
  if (saved.size === 0 || !(error instanceof CnbError)) return error
  const places = [...saved].flatMap(([{ sink }, { tags }]) => (tags.length > 0 ? sink.describe(tags.join(', ')) : []))
  if (places.length === 0) return error
  return error.withMessage(`${error.message}; the image is ${places.join(' and ')}`)
}

/** Combines the results: ID and names of the first sink, digests of all. @param all the results, registries first */
function together(first: SavedImage | undefined, all: readonly SavedImage[]): SavedImage {
  const { id = '', tags = [] } = first ?? {}
  const manifest = all.find((each) => each.manifest)?.manifest
  return { id, tags, repoDigests: all.flatMap(({ repoDigests }) => repoDigests), ...(manifest ? { manifest } : {}) }
}
