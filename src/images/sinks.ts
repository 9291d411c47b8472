/** Saving one image to several places at once, with one manifest for all that have any. */

import { CnbError, toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Digest } from '../oci/digest.ts'
import { formatReference } from '../oci/reference.ts'
import type { Registries } from '../registry/registry.ts'
import type { Image, ImagePlan, ImageSink, ImageSource, LayerBlob, SavedImage } from './image.ts'
import type { LayerBlobs } from './layers/layer-blobs.ts'
import { type LayoutTarget, saveToLayout } from './oci-layout/layout-sink.ts'
import { saveToRegistry } from './remote/registry-sink.ts'

/** Where the image goes; those that are absent get nothing. */
export interface Sinks {
  readonly engine?: ImageSink
  /** To the repositories of its names. */
  readonly registries?: Registries
  readonly layouts?: readonly LayoutTarget[]
  /** The layers as registries and layouts get them; whoever saves several images makes each once. */
  readonly blobs: LayerBlobs
}

/**
 * The registries come last, for what fails is most often the network, and an image that is published cannot be called back. What was
 * saved by then stays, and the error says where.
 * @param published where images may be found whose layers need not be compressed again
 */
export function openSinks({ engine, registries, layouts = [], blobs }: Sinks, published: ImageSource): ImageSink {
  return {
    async save(plan, context = {}) {
      const images = [plan.base, ...(plan.previous ? [plan.previous] : [])]
      images.forEach((image) => blobs.remember(image))
      if (engine) await learnBlobs(blobs, images, plan, published, context)
      const written: SavedImage[] = []
      let saved: SavedImage | undefined
      try {
        for (const layout of layouts) written.push(await saveToLayout(layout, plan, blobs, context))
        saved = await engine?.save({ ...plan, blobs: await allBlobs(blobs, plan, context) }, context)
        const pushed = registries ? await saveToRegistry(registries, plan, blobs, context) : undefined
        return together(saved, pushed, written)
      } catch (error) {
        throw savedBefore(error, saved, written)
      }
    },
  }
}

/** Base and previous image come from the engine then: the registry's own may say how their layers are called there. */
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

/** Tells of the places that have the image although it could not be saved to all. */
function savedBefore(error: unknown, saved: SavedImage | undefined, written: readonly SavedImage[]): unknown {
  const names = ({ tags }: SavedImage): string => tags.join(', ')
  const places = [...written.map((layout) => `in ${names(layout)}`), ...(saved ? [`on the engine as ${names(saved)}`] : [])]
  if (places.length === 0 || !(error instanceof CnbError)) return error
  return error.withMessage(`${error.message}; the image is ${places.join(' and ')}`)
}

/** On the engine the image has an ID of its own; what is published has digests. */
function together(saved: SavedImage | undefined, pushed: SavedImage | undefined, [written]: readonly SavedImage[]): SavedImage {
  const { id = '', tags = [] } = saved ?? pushed ?? (written ? { ...written, id: `oci:${written.id}` } : {})
  const repoDigests = [...(pushed?.repoDigests ?? []), ...(saved?.repoDigests ?? [])]
  const manifest = pushed?.manifest ?? written?.manifest
  return { id, tags, repoDigests, ...(manifest ? { manifest } : {}) }
}
