/** Finds the builder and the run image of a build, and checks that their platforms match. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Builder, RunImageName } from '../../builder/builder.ts'
import { readBuilder } from '../../builder/read-builder.ts'
import { hasFeature } from '../../formats/api-features.ts'
import type { ApiVersion } from '../../formats/versions.ts'
import type { Image } from '../../images/image.ts'
import type { PullServices } from '../../images/find/mirrored-pull.ts'
import { findImage, type PullPolicy } from '../../images/find/find-image.ts'
import { chooseRunImage } from '../../images/find/run-image.ts'
import type { RunImage } from '../../lifecycle/lifecycle.ts'
import { formatPlatform, type Platform, platformMatches } from '../../oci/platform.ts'
import { familiarName, parseReference, type Reference } from '../../oci/reference.ts'
import type { Config } from '../config/config.ts'
import { declaredName, fullName, withConfiguredMirrors } from '../config/configured-mirrors.ts'
import type { EngineServices } from '../services.ts'

/**
 * Finds the builder and reads its metadata.
 * @param wanted the value of --platform
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_BUILDER_INVALID, …
 */
export async function findBuilder(
  name: string,
  policy: PullPolicy,
  wanted: Platform | undefined,
  services: PullServices,
  context: Context,
): Promise<Builder> {
  const reference = familiarName(parseReference(name))
  return readBuilder(await findImage(reference, policy, { ...services, platform: wanted }, context))
}

/** Checks that the builder is for the engine's platform. @throws CnbError CNB_PLATFORM_MISMATCH */
export async function checkEnginePlatform({ image }: Pick<Builder, 'image'>, { engine }: Pick<EngineServices, 'engine'>, context: Context): Promise<void> {
  refuseOtherPlatform(image, (await engine.info(context)).platform, "the engine's")
}

/** The input of a search for a run image. */
export interface RunImageSearch {
  readonly app: Reference
  readonly builder: Builder
  readonly config: Config
  /**
   * Finds an image: on the engine, after a pull if necessary, or in its registry if the app is not saved to the engine.
   * @throws CnbError CNB_IMAGE_NOT_FOUND, …
   */
  readonly find: (name: string, context: Context) => Promise<Image>
}

/**
 * Finds the run image: the user's, or the best available one of those that the builder lists.
 * @param requested the value of --run-image
 * @throws CnbError CNB_RUN_IMAGE_INVALID, CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, …
 */
export async function findRunImage(
  requested: string | undefined,
  { app, builder, config, find }: RunImageSearch,
  { engine }: Pick<EngineServices, 'engine'>,
  context: Context,
): Promise<RunImage> {
  const wanted = builder.image.platform
  const isPresent = async (name: string): Promise<boolean> => (await engine.images.inspect(name, context)) !== undefined
  const [declared] = builder.runImages
  const choice = declared && {
    ...{ names: withConfiguredMirrors(declared, config), declaredBy: 'the builder', registry: app.registry, isPresent },
    find: (name: string) => find(name, context),
  }
  const found = requested !== undefined ? await findRequested(requested, find, context) : choice && (await chooseRunImage(choice, context))
  if (!found) throw new CnbError('CNB_BUILDER_INVALID', `builder '${builder.image.reference}' lists no run image`, { hint: 'Specify one with --run-image.' })
  refuseOtherPlatform(found.image, wanted, "the builder's")
  if (!found.image.config.config.Env?.some((entry) => entry.startsWith('PATH='))) {
    throw new CnbError('CNB_RUN_IMAGE_INVALID', `run image '${found.name}' does not set PATH in its environment, so apps cannot start on it`, {
      hint: 'Use another run image with --run-image.',
    })
  }
  return found
}

async function findRequested(text: string, find: RunImageSearch['find'], context: Context): Promise<RunImage> {
  const name = familiarName(parseReference(text))
  return { name, image: await find(name, context) }
}

/**
 * Returns the content of run.toml: the builder's run images, starting with the one in use, or only the user's if the builder does not
 * list it. A later rebase then finds the run image that the build used. A name with a digest matches only the same digest.
 */
export function runImagesFor({ name }: Pick<RunImage, 'name'>, { runImages }: Pick<Builder, 'runImages'>, config: Pick<Config, 'runImages'>): readonly RunImageName[] {
  const namesOf = ({ image, mirrors }: RunImageName): readonly string[] => [image, ...mirrors]
  const declared = declaredName(name, runImages.flatMap(namesOf), config)
  const used = runImages.find((each) => namesOf(each).some((known) => fullName(known) === fullName(declared)))
  return used ? [used, ...runImages.filter((each) => each !== used)] : [{ image: declared, mirrors: [] }]
}

/** Checks that run image and builder have the same stack, for Platform APIs before 0.12. @throws CnbError CNB_RUN_IMAGE_INVALID */
export function refuseOtherStack(builder: Builder, runImage: RunImage, api: ApiVersion): void {
  const stack = runImage.image.labels['io.buildpacks.stack.id'] ?? ''
  if (hasFeature(api, 'targets') || builder.stack.id === '' || stack === builder.stack.id) return
  throw new CnbError(
    'CNB_RUN_IMAGE_INVALID',
    `run image '${runImage.name}' has the stack '${stack}', but the builder has '${builder.stack.id}'`,
    { hint: "Use a run image with the builder's stack." },
  )
}

function refuseOtherPlatform(image: Image, wanted: Platform, owner: string): void {
  if (platformMatches(image.platform, wanted)) return
  throw new CnbError(
    'CNB_PLATFORM_MISMATCH',
    `image '${image.reference}' is for ${formatPlatform(image.platform)}, not for ${owner} ${formatPlatform(wanted)}`,
    { hint: `Use an image for ${formatPlatform(wanted)}, or select the other platform with --platform if the engine can emulate it.` },
  )
}
