/** Saving an image to a container engine, which is sent only what it lacks. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Engine, EngineImage } from '../../docker/engine.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { familiarName, formatReference } from '../../oci/reference.ts'
import type { ImagePlan, SavedImage } from '../image.ts'
import { loadIntoContainerd } from './containerd-load.ts'
import { packDockerArchive } from './image-archive.ts'
import { findHolders, nameImage, type WantedImage } from './image-names.ts'
import { fetchLayers } from './layer-store.ts'


/**
 * Loads the planned image, unless the engine has it, and gives it its names when it is whole: all of them, or after a failure
 * none. On a graph-driver engine its ID is the digest of its config, on the containerd store that of its manifest.
 * @throws CnbError CNB_IMAGE_INVALID when the engine's copy of the base lacks layers, CNB_ENGINE_*, and what the layers' streams fail with
 */
export async function saveToEngine(engine: Engine, plan: ImagePlan, context: Context = {}): Promise<SavedImage> {
  const config = encodeImageConfig(plan.config)
  const { imageStore } = await engine.info(context)
  const load = imageStore === 'containerd' ? loadIntoContainerd : loadIntoGraphDriver
  // Each takes the engine a while: one look for what has the names, and for what a rebuild gives, which mostly has them.
  const asked = findHolders(engine.images, plan.tags.map(formatReference), context)
  const find = async (id: Digest): Promise<EngineImage | undefined> =>
    [...(await asked).values()].find((holder) => holder?.id === id) ?? (await engine.images.inspect(id, context))
  const [id, holders] = await Promise.all([load(engine, plan, { config, find }, context), asked])
  await nameImage(engine.images, id, holders, context)
  const named = plan.tags.map(({ registry, repository }) => familiarName({ registry, repository, digest: id }))
  return { id, repoDigests: imageStore === 'containerd' ? [...new Set(named)] : [], tags: plan.tags.map(familiarName) }
}

/**
 * Loads what the engine lacks. Such an engine does not look at a layer's file when it has the chain of layers that ends there:
 * empty ones will do. When it has lost the chain meanwhile, it says so, and gets everything.
 * @returns the image's ID, which is the digest of its config
 */
async function loadIntoGraphDriver(engine: Engine, plan: ImagePlan, { config, find }: WantedImage, context: Context): Promise<Digest> {
  const id = digestOf(config)
  if (await find(id)) return id
  const load = async (omitted: number): Promise<void> => {
    await fetchLayers(plan.layers.slice(omitted), context)
    await engine.images.load(await packDockerArchive(config, plan.layers, omitted, context), context)
  }
  const known = knownLayers(plan)
  try {
    await load(known)
  } catch (error) {
    if (known === 0 || !(error instanceof CnbError) || error.code !== 'CNB_ENGINE_FAILED') throw error
    context.events?.({ type: 'debug', message: `sending all layers, because the engine refused to use its own: ${error.message}` })
    await load(0)
  }
  return id
}

/** How many layers, from the bottom, are those of an image that the engine has. */
function knownLayers({ base, previous, layers }: ImagePlan): number {
  const shared = (image: ImagePlan['base']): number => {
    const differs = layers.findIndex(({ diffId }, index) => image.layers[index]?.diffId !== diffId)
    return differs < 0 ? layers.length : differs
  }
  return Math.max(shared(base), previous ? shared(previous) : 0)
}
