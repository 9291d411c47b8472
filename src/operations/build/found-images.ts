/** Builder and run image of a build, and the functions to find further images during the build. */

import type { Context } from '../../base/events.ts'
import { describeEngineImages } from '../../images/engine/engine-source.ts'
import { findImage } from '../../images/find/find-image.ts'
import type { BuildPlan } from '../../lifecycle/lifecycle.ts'
import { negotiatePlatformApi } from '../../lifecycle/platform-api.ts'
import { isDigest } from '../../oci/digest.ts'
import type { EngineServices } from '../services.ts'
import { findBuilder, findRunImage, refuseOtherStack, runImagesFor, type RunImageSearch } from './build-images.ts'
import { explainEnvironment } from './build-decisions.ts'
import type { BuildInput } from './build-input.ts'
import { findPublished, findStored, type Publishing } from './build-store.ts'

/** The plan's fields about the builder. */
type FoundBuilder = Pick<BuildPlan, 'builder' | 'platformApi'>

/** The plan's fields about the run image. */
type FoundRunImage = Pick<BuildPlan, 'runImage' | 'runImages' | 'findRunImage' | 'engineId'>

/** Finds the builder, and pulls it according to the pull policy. @throws CnbError those of findBuilder */
export async function findBuilderOf({ options, builder: name, platform, pullPolicy, registry }: BuildInput, services: EngineServices, context: Context): Promise<FoundBuilder> {
  const builder = await findBuilder(name, pullPolicy, platform, { ...services, mirrors: registry.mirrors }, context)
  const platformApi = negotiatePlatformApi(builder)
  explainEnvironment(options, builder, platformApi, context)
  return { builder, platformApi }
}

/**
 * Finds the run image, and pulls it according to the pull policy.
 * @param publishing the registry client and the sinks; undefined if the image is saved to the engine only
 * @throws CnbError those of findRunImage
 */
export async function findRunImageOf(
  { image, options, pullPolicy, registry, config }: BuildInput,
  { builder, platformApi }: FoundBuilder,
  services: EngineServices,
  publishing: Publishing | undefined,
  context: Context,
): Promise<FoundRunImage> {
  const ofBuilder = { ...services, mirrors: registry.mirrors, platform: builder.image.platform }
  const skipsEngine = publishing !== undefined && !publishing.sinks.some(({ store }) => store === 'engine')
  const elsewhere: RunImageSearch['find'] =
    skipsEngine && pullPolicy !== 'never'
      ? findPublished(publishing.registries, describeEngineImages(services.engine), builder.image.platform)
      : (reference, finding) => findImage(reference, pullPolicy, ofBuilder, finding)
  const stored = skipsEngine ? publishing.sinks[0]?.images?.(builder.image.platform) : undefined
  const search: RunImageSearch = { app: image, ...{ builder, config }, find: stored ? findStored(stored, elsewhere) : elsewhere }
  const runImage = await findRunImage(options.runImage, search, services, context)
  refuseOtherStack(builder, runImage, platformApi)
  return {
    runImage,
    runImages: runImagesFor(runImage, builder, config),
    findRunImage: (reference, finding) => findRunImage(reference, search, services, finding),
    engineId: async ({ id }, finding) => (isDigest(id) ? id : (await findImage(id, 'if-not-present', ofBuilder, finding)).id),
  }
}
