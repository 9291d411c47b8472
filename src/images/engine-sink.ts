/** Saving an image to a container engine, which is sent only what it lacks. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Engine, EngineImage } from '../docker/engine.ts'
import { encodeImageConfig } from '../oci/config.ts'
import type { Digest } from '../oci/digest.ts'
import { familiarName, formatReference } from '../oci/reference.ts'
import { loadIntoContainerd } from './containerd-load.ts'
import { loadIntoGraphDriver } from './graphdriver-load.ts'
import type { ImagePlan, SavedImage } from './image.ts'
import { findHolders, nameImage } from './image-names.ts'

/**
 * Loads the planned image, unless the engine has it, and gives it its names when it is whole: all of them, or after a failure
 * none. On a graph-driver engine its ID is the digest of its config, on the containerd store that of its manifest.
 * @throws CnbError CNB_REFERENCE_INVALID for a name with a digest, CNB_IMAGE_INVALID when the engine's copy of the base lacks
 * layers, CNB_ENGINE_*, and what the layers' streams fail with
 */
export async function saveToEngine(engine: Engine, plan: ImagePlan, context: Context = {}): Promise<SavedImage> {
  checkNames(plan)
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

/** A digest is what an image has, not what it can be given. */
function checkNames({ tags }: ImagePlan): void {
  const bad = tags.find(({ digest }) => digest !== undefined)
  if (bad) throw new CnbError('CNB_REFERENCE_INVALID', `'${familiarName(bad)}' cannot be given to an image: it names a digest`)
}
