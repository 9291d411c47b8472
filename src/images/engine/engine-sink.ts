/** Saves images to a container engine; only content that the engine lacks is sent. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Engine, EngineImage } from '../../docker/engine.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { familiarName, formatReference } from '../../oci/reference.ts'
import type { Image, ImagePlan, SavedImage } from '../image.ts'
import { loadIntoContainerd } from './containerd-load.ts'
import { type EarlyLoad, loadArchive } from './early-load.ts'
import { namedBlobs } from './engine-blobs.ts'
import { dockerArchive, hasGzipBlob, measureLayers } from './image-archive.ts'
import { fetchAhead } from '../layers/fetch-ahead.ts'
import { findHolders, nameImage, type WantedImage } from './image-names.ts'
import { fetchLayers } from './layer-store.ts'

/** Work that precedes the complete image. */
type BegunSave = Partial<Pick<WantedImage, 'early' | 'namedBlobs'>>

/**
 * Loads the planned image, unless the engine has it, and then sets its names: all of them, or none after a failure.
 * The image's ID is the digest of its configuration on a graph-driver engine, and of its manifest on a containerd store.
 * @param begun a load that may have some of the layers already, of which the caller disposes; and blobs that are known
 * @throws CnbError CNB_IMAGE_INVALID if the engine's copy of the base lacks layers, CNB_ENGINE_*, and errors of the layers' streams
 */
export async function saveToEngine(engine: Engine, plan: ImagePlan, context: Context = {}, begun: BegunSave = {}): Promise<SavedImage> {
  const config = encodeImageConfig(plan.config)
  const { imageStore, product } = await engine.info(context)
  if (imageStore === 'graphdriver' && product === 'docker') checkDepth(plan)
  const namedBy: WantedImage['namedBlobs'] = begun.namedBlobs ?? ((image, its) => namedBlobs(engine.content, image, its))
  const load = imageStore === 'containerd' ? loadIntoContainerd : loadIntoGraphDriver
  // Inspecting an image is slow. An unchanged image usually has the names already: their holders answer both questions.
  const inspected = findHolders(engine.images, plan.tags.map(formatReference), context)
  const find = async (id: Digest): Promise<EngineImage | undefined> =>
    [...(await inspected).values()].find((holder) => holder?.id === id) ?? (await engine.images.inspect(id, context))
  const [id, holders] = await Promise.all([load(engine, plan, { config, find, early: begun.early, namedBlobs: namedBy }, context), inspected])
  await nameImage(engine.images, id, holders, context)
  const named = plan.tags.map(({ registry, repository }) => familiarName({ registry, repository, digest: id }))
  return { id, repoDigests: imageStore === 'containerd' ? [...new Set(named)] : [], tags: plan.tags.map(familiarName) }
}

/** The number of layers that Docker's graph drivers accept (moby layer/layer_store.go, maxLayerDepth). */
const MAX_DEPTH = 125

/** Refuses an image that the engine would refuse only after it received each layer. */
function checkDepth({ layers }: ImagePlan): void {
  if (layers.length <= MAX_DEPTH) return
  throw new CnbError('CNB_ENGINE_FAILED', `cannot load an image of ${layers.length} layers into the engine: its image store accepts at most ${MAX_DEPTH}`, {
    hint: "Publish the image (--publish), save it with --to oci:DIR, or use an engine with containerd's image store.",
  })
}

/**
 * Loads the image with only the layers that the engine lacks. A graph-driver engine does not read a layer's file if it has the chain of
 * layers up to it, so empty files suffice. Layers with a gzip blob are sent as they are. If the engine has lost the chain meanwhile,
 * rejects a blob, or breaks off an early load, the load fails, and all layers are sent uncompressed.
 * @returns the image's ID: the digest of its configuration
 */
async function loadIntoGraphDriver(engine: Engine, plan: ImagePlan, { config, find, early: begun }: WantedImage, context: Context): Promise<Digest> {
  const id = digestOf(config)
  if (await find(id)) return id
  const load = async (omitted: number, compressed: boolean, early?: EarlyLoad): Promise<void> => {
    const layers = plan.layers.slice(omitted)
    await using _ahead = fetchAhead(layers, context)
    await fetchLayers(layers, context)
    await measureLayers(layers)
    const files = early?.seal()
    await loadArchive(engine.images, await dockerArchive(config, plan.layers, { omitted, compressed, files }, context), early, context)
  }
  const known = knownLayers(plan)
  try {
    await load(known, true, begun)
  } catch (error) {
    const isPlain = !begun?.isUsed && known === 0 && !plan.layers.some(hasGzipBlob)
    if (isPlain || !(error instanceof CnbError) || error.code !== 'CNB_ENGINE_FAILED') throw error
    context.events?.({ type: 'debug', message: `sending all layers uncompressed, because the engine rejected the first archive: ${error.message}` })
    await load(0, false)
  }
  return id
}

/** Returns the number of layers, from the bottom, that are also in the base or the previous image on the engine. */
function knownLayers({ base, previous, layers }: ImagePlan): number {
  const shared = (image: Image | undefined): number => {
    const differs = layers.findIndex(({ diffId }, index) => image?.layers[index]?.diffId !== diffId)
    return differs < 0 ? layers.length : differs
  }
  return Math.max(shared(base), shared(previous))
}
