/** Finds and saves images on a container engine. */

import { CnbError } from '../../base/errors.ts'
import type { TarCopy } from '../../archive/tar/tar-layer.ts'
import type { Context } from '../../base/events.ts'
import type { Engine } from '../../docker/engine.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import { type Platform, platformMatches } from '../../oci/platform.ts'
import { engineImageConfig } from './engine-config.ts'
import { EarlyLoad, type SizeOf } from './early-load.ts'
import { saveToEngine } from './engine-sink.ts'
import type { Image, ImageSink, ImageSource, Layer } from '../image.ts'
import type { DescribedImage } from './layer-files.ts'
import { LayerStore } from './layer-store.ts'

export interface EngineImageStore extends ImageSource, ImageSink, AsyncDisposable {
  /** Returns a described image with readable layers, without a call to the engine. Images of other stores are returned unchanged. */
  reopen(image: Image): Image
  /** Starts to read the blobs that the save of an image with layers of `image` needs; a failure has no effect. */
  expect(image: Image, context: Context): void
  /** Returns a receiver of a new layer's bytes for the next image that is saved; undefined if its layers are sent only then. */
  copy(sizeOf: SizeOf, context: Context): Promise<TarCopy | undefined>
}

/**
 * Opens the engine's images. Finding an image reads only its description. Opening layers may need a temporary directory and a container
 * that is never started; disposal removes both.
 * @param owner the value of OWNER_LABEL for that container
 */
export function openEngineImages(engine: Engine, owner: string): EngineImageStore {
  const store = new LayerStore(engine, owner)
  const early = new EarlyLoad(engine.images)
  return {
    find: (reference, context) => findOnEngine(engine, reference, (image, diffId) => store.layer(image, diffId), context),
    save: async (plan, context) => {
      await using _ = early
      return await saveToEngine(engine, plan, context, { early, namedBlobs: (image, its) => store.namedBlobs(image, its) })
    },
    expect: (image, context) => void store.namedBlobs(image, context),
    copy: (sizeOf, context) => early.copy(sizeOf, context),
    reopen: (image) => (isDigest(image.id) ? { ...image, layers: image.layers.map(({ diffId }) => store.layer(image, diffId)) } : image),
    async [Symbol.asyncDispose]() {
      await early[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

/** Returns the engine's images without readable layers, which need no disposal. @param platform selects the image of an index */
export function describeEngineImages(engine: Engine, platform?: Platform): ImageSource {
  return { find: (reference, context) => findOnEngine(engine, reference, closedLayer, context, platform) }
}

type MakeLayer = (image: DescribedImage, diffId: Digest) => Layer

function closedLayer({ id }: DescribedImage, diffId: Digest): Layer {
  return {
    diffId,
    open: () => Promise.reject(new CnbError('CNB_INTERNAL', `layer ${diffId} of ${id} was opened, but the image was only described`)),
  }
}

async function findOnEngine(engine: Engine, reference: string, makeLayer: MakeLayer, context?: Context, platform?: Platform): Promise<Image | undefined> {
  // Both calls run concurrently: the name usually resolves to the same image in both.
  const named = engine.images.history(reference, context).catch(() => [])
  const first = await engine.images.inspect(reference, context)
  if (!first) return undefined
  // Without a platform, the containerd store describes the engine's image of an index, if it has it. Containers use the index's ID.
  const isOther = platform && !platformMatches(first.platform, platform) && (await engine.info(context)).imageStore === 'containerd'
  const image = { ...((isOther && (await engine.images.inspect(reference, context, platform))) || first), id: first.id }
  const history = (await named)[0]?.id === image.id ? await named : await engine.images.history(image.id, context)
  const config = engineImageConfig(image, history)
  const described = { reference, id: image.id, platform: image.platform, config, labels: config.config.Labels ?? {} }
  return { ...described, repoDigests: image.repoDigests, layers: image.diffIds.map((diffId) => makeLayer(described, diffId)) }
}
