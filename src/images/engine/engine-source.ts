/** Images on a container engine: found there, and saved there. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Engine } from '../../docker/engine.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import { engineImageConfig } from './engine-config.ts'
import { saveToEngine } from './engine-sink.ts'
import type { Image, ImageSink, ImageSource, Layer } from '../image.ts'
import type { DescribedImage } from './layer-files.ts'
import { LayerStore } from './layer-store.ts'

export interface EngineImageStore extends ImageSource, ImageSink, AsyncDisposable {
  /** An image that was only described until now, with layers that can be opened; another store's is given back. Asks the engine for nothing. */
  reopen(image: Image): Image
}

/**
 * The engine's images. Finding one asks for its description only. Layers that are opened may be kept in a temporary directory,
 * and need a container that is never started; both are gone when the scope of `await using` ends.
 * @param owner the value of OWNER_LABEL for that container
 */
export function openEngineImages(engine: Engine, owner: string): EngineImageStore {
  const store = new LayerStore(engine, owner)
  return {
    find: (reference, context) => findOnEngine(engine, reference, (image, diffId) => store.layer(image, diffId), context),
    save: (plan, context) => saveToEngine(engine, plan, context),
    reopen: (image) => (isDigest(image.id) ? { ...image, layers: image.layers.map(({ diffId }) => store.layer(image, diffId)) } : image),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** The engine's images for reading what they say of themselves: their layers cannot be opened, and nothing has to be cleaned up. */
export function describeEngineImages(engine: Engine): ImageSource {
  return { find: (reference, context) => findOnEngine(engine, reference, closedLayer, context) }
}

type MakeLayer = (image: DescribedImage, diffId: Digest) => Layer

function closedLayer({ id }: DescribedImage, diffId: Digest): Layer {
  return {
    diffId,
    open: () => Promise.reject(new CnbError('CNB_INTERNAL', `layer ${diffId} of ${id} was opened, but the image was only described`)),
  }
}

async function findOnEngine(engine: Engine, reference: string, makeLayer: MakeLayer, context?: Context): Promise<Image | undefined> {
  // Asked for beside, not after: most often the name means the same image to both.
  const named = engine.images.history(reference, context).catch(() => [])
  const image = await engine.images.inspect(reference, context)
  if (!image) return undefined
  const history = (await named)[0]?.id === image.id ? await named : await engine.images.history(image.id, context)
  const config = engineImageConfig(image, history)
  const described = { reference, id: image.id, platform: image.platform, config, labels: config.config.Labels ?? {} }
  return { ...described, repoDigests: image.repoDigests, layers: image.diffIds.map((diffId) => makeLayer(described, diffId)) }
}
