/** Loading an image into an engine that keeps layers in a graph driver, as a docker-archive. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Engine } from '../docker/engine.ts'
import { digestOf, type Digest } from '../oci/digest.ts'
import { packDockerArchive } from './image-archive.ts'
import type { ImagePlan } from './image.ts'
import type { WantedImage } from './image-names.ts'
import { fetchLayers } from './layer-store.ts'

/**
 * Loads what the engine lacks. Such an engine does not look at a layer's file when it has the chain of layers that ends there:
 * empty ones will do. When it has lost the chain meanwhile, it says so, and gets everything.
 * @returns the image's ID, which is the digest of its config
 */
export async function loadIntoGraphDriver(engine: Engine, plan: ImagePlan, { config, find }: WantedImage, context: Context): Promise<Digest> {
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
