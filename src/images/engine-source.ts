/** Images on a container engine: found there, and saved there. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Engine } from '../docker/engine.ts'
import type { Digest } from '../oci/digest.ts'
import { engineImageConfig } from './engine-config.ts'
import { saveToEngine } from './engine-sink.ts'
import type { Image, ImageSink, ImageSource, Layer } from './image.ts'
import { LayerStore } from './layer-store.ts'

/**
 * The engine's images. Finding one asks for its description only; the first layer of it that is opened takes a `docker save`
 * into a temporary directory, which is gone when the scope of `await using` ends.
 */
export function openEngineImages(engine: Engine): ImageSource & ImageSink & AsyncDisposable {
  const store = new LayerStore(engine.images)
  return {
    find: (reference, context) => findOnEngine(engine, reference, (image, diffId) => store.layer(image, diffId), context),
    save: (plan, context) => saveToEngine(engine, plan, context),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** The engine's images for reading what they say of themselves: their layers cannot be opened, and nothing has to be cleaned up. */
export function describeEngineImages(engine: Engine): ImageSource {
  return { find: (reference, context) => findOnEngine(engine, reference, closedLayer, context) }
}

type MakeLayer = (image: string, diffId: Digest) => Layer

function closedLayer(image: string, diffId: Digest): Layer {
  return {
    diffId,
    open: () => Promise.reject(new CnbError('CNB_INTERNAL', `layer ${diffId} of ${image} was opened, but the image was only described`)),
  }
}

async function findOnEngine(engine: Engine, reference: string, makeLayer: MakeLayer, context?: Context): Promise<Image | undefined> {
  const image = await engine.images.inspect(reference, context)
  if (!image) return undefined
  const config = engineImageConfig(image, await engine.images.history(image.id, context))
  return {
    reference,
    id: image.id,
    repoDigests: image.repoDigests,
    platform: image.platform,
    config,
    layers: image.diffIds.map((diffId) => makeLayer(image.id, diffId)),
    labels: config.config.Labels ?? {},
  }
}
