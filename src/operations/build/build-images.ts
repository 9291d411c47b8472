/** The images that a build starts from: builder and run image, of one platform. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Builder, RunImageName } from '../../builder/builder.ts'
import { readBuilder } from '../../builder/read-builder.ts'
import { hasFeature } from '../../formats/api-features.ts'
import type { ApiVersion } from '../../formats/versions.ts'
import type { Image } from '../../images/image.ts'
import type { PullServices } from '../../images/find/mirrored-pull.ts'
import { findImage, type PullPolicy } from '../../images/find/pull.ts'
import { chooseRunImage } from '../../images/find/run-image.ts'
import type { RunImage } from '../../lifecycle/lifecycle.ts'
import { formatPlatform, type Platform, platformMatches } from '../../oci/platform.ts'
import { familiarName, parseReference, type Reference } from '../../oci/reference.ts'
import type { Config } from '../config/config.ts'
import { declaredName, fullName, withConfiguredMirrors } from '../config/configured-mirrors.ts'
import type { EngineServices } from '../services.ts'

/**
 * Finds the builder and reads what it says of itself.
 * @param wanted the platform that the user asked for; the engine's own when absent
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_BUILDER_INVALID, CNB_PLATFORM_MISMATCH, …
 */
export async function findBuilder(
  name: string,
  policy: PullPolicy,
  wanted: Platform | undefined,
  services: PullServices,
  context: Context,
): Promise<Builder> {
  const reference = familiarName(parseReference(name))
  const [image, info] = await Promise.all([
    findImage(reference, policy, { ...services, platform: wanted }, context),
    services.engine.info(context),
  ])
  const builder = readBuilder(image)
  if (!wanted) refuseOtherPlatform(image, info.platform, "the engine's")
  return builder
}

/** What a run image is looked for with. */
export interface RunImageSearch {
  readonly app: Reference
  readonly builder: Builder
  readonly config: Config
  /** Finds an image, or throws CNB_IMAGE_NOT_FOUND, …: on the engine after a pull, or in its registry for an app that the engine does not get. */
  readonly find: (name: string, context: Context) => Promise<Image>
}

/**
 * Finds the run image: the user's, or the best that can be had of those that the builder names.
 * @throws CnbError CNB_RUN_IMAGE_INVALID, CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, …
 */
export async function findRunImage(
  asked: string | undefined,
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
  const found = asked !== undefined ? await findAsked(asked, find, context) : choice && (await chooseRunImage(choice, context))
  if (!found) throw new CnbError('CNB_BUILDER_INVALID', `builder '${builder.image.reference}' names no run image`, { hint: 'Name one with --run-image.' })
  refuseOtherPlatform(found.image, wanted, "the builder's")
  if (!found.image.config.config.Env?.some((entry) => entry.startsWith('PATH='))) {
    throw new CnbError('CNB_RUN_IMAGE_INVALID', `run image '${found.name}' sets no PATH in its environment`, {
      hint: 'Apps could not start on it: use another --run-image.',
    })
  }
  return found
}

async function findAsked(text: string, find: RunImageSearch['find'], context: Context): Promise<RunImage> {
  const name = familiarName(parseReference(text))
  return { name, image: await find(name, context) }
}

/**
 * What run.toml lists: the builder's own run images, the one that is used first, or the user's alone when it is none of them, so that
 * a later rebase asks for the image that was really used. What is named by a digest is the builder's own only with that digest.
 */
export function runImagesFor({ name }: Pick<RunImage, 'name'>, { runImages }: Pick<Builder, 'runImages'>, config: Pick<Config, 'runImages'>): readonly RunImageName[] {
  const namesOf = ({ image, mirrors }: RunImageName): readonly string[] => [image, ...mirrors]
  const declared = declaredName(name, runImages.flatMap(namesOf), config)
  const used = runImages.find((each) => namesOf(each).some((known) => fullName(known) === fullName(declared)))
  return used ? [used, ...runImages.filter((each) => each !== used)] : [{ image: declared, mirrors: [] }]
}

/** Before Platform API 0.12 run image and builder must be of one stack. */
export function refuseOtherStack(builder: Builder, runImage: RunImage, api: ApiVersion): void {
  const stack = runImage.image.labels['io.buildpacks.stack.id'] ?? ''
  if (hasFeature(api, 'targets') || builder.stack.id === '' || stack === builder.stack.id) return
  throw new CnbError(
    'CNB_RUN_IMAGE_INVALID',
    `run image '${runImage.name}' is of stack '${stack}', the builder of '${builder.stack.id}'`,
    { hint: "Use a run image of the builder's stack." },
  )
}

function refuseOtherPlatform(image: Image, wanted: Platform, whose: string): void {
  if (platformMatches(image.platform, wanted)) return
  throw new CnbError(
    'CNB_PLATFORM_MISMATCH',
    `image '${image.reference}' is for ${formatPlatform(image.platform)}, not for ${whose} ${formatPlatform(wanted)}`,
    { hint: `Use an image for ${formatPlatform(wanted)}, or ask for the other with --platform where the engine can emulate it.` },
  )
}
