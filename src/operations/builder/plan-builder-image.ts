/** Plans one platform's image of a builder: its build image, buildpacks and lifecycle. */

import { CnbError } from '../../base/errors.ts'
import { decide, step, type Context } from '../../base/events.ts'
import { NAME, VERSION } from '../../base/version.ts'
import type { BuilderConfig } from '../../builder/builder-toml.ts'
import { targetPlatform } from '../../builder/compatibility.ts'
import { planBuilder, type BuilderRecipe } from '../../builder/create.ts'
import type { LifecycleLocation } from '../../builder/lifecycle/lifecycle-location.ts'
import { checkRunImage } from '../../builder/run-image-check.ts'
import type { ModuleSources } from '../../buildpacks/module-sources.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { Image, ImagePlan } from '../../images/image.ts'
import type { Platform } from '../../oci/platform.ts'
import type { DownloadSession } from '../downloads.ts'
import { openLifecycle } from './open-lifecycle.ts'
import type { FindBuilderImage } from './builder-images.ts'
import { readBuilderModules } from './builder-sources.ts'
import { checkTarget, type BuilderTargets } from './builder-targets.ts'

/** The input that all platforms have in common. */
export interface BuilderInput extends Pick<BuilderRecipe, 'labels' | 'flatten' | 'tags'> {
  readonly config: BuilderConfig
  /** The directory of builder.toml. */
  readonly base: string
  readonly targets: BuilderTargets
  readonly sources: ModuleSources
  readonly find: FindBuilderImage
  /** The location of the lifecycle, and why it is used. */
  readonly lifecycle: { readonly location: LifecycleLocation; readonly why: string }
  readonly downloads: DownloadSession
  readonly policy: PullPolicy
}

export interface PlannedBuilder {
  readonly plan: ImagePlan
  readonly lifecycleVersion: string
  readonly buildpacks: { id: string; version: string }[]
}

/** Reads and checks everything that the builder contains, for one platform. @throws CnbError those of createBuilder */
export async function planBuilderImage(input: BuilderInput, platform: Platform, context: Context): Promise<PlannedBuilder> {
  const { config, targets, find, labels, flatten, tags } = input
  const buildImage = await find(config.buildImage, platform, context)
  checkTarget(targets, buildImage.reference, targetPlatform(buildImage))
  // Most of this waits for an engine, a registry or a disk.
  const checking = checkRunImages(config, buildImage, platform, find, context)
  const reading = step(context, 'reading buildpacks and lifecycle', () => readContents(input, buildImage, platform, context))
  const [warnings, contents] = await Promise.all([checking, reading])
  warnAll(warnings, context)
  decide(context, { kind: 'lifecycle', name: contents.lifecycle.version }, 'chosen', input.lifecycle.why)
  const recipe = { ...config, ...contents, buildImage, labels, flatten, createdBy: { name: NAME, version: VERSION }, tags }
  const planned = await planBuilder(recipe, context)
  warnAll(planned.warnings, context)
  const buildpacks = contents.buildpacks.map(({ descriptor: { info } }) => ({ id: info.id, version: info.version }))
  return { plan: planned.plan, lifecycleVersion: contents.lifecycle.version, buildpacks }
}

type Contents = Pick<BuilderRecipe, 'lifecycle' | 'buildpacks' | 'extensions'>

async function readContents({ config, base, sources, find, lifecycle, downloads, policy }: BuilderInput, buildImage: Image, platform: Platform, context: Context): Promise<Contents> {
  const findLifecycle = (reference: string): Promise<Image> => find(reference, platform, context)
  const modules = { sources, base, platform: buildImage.platform }
  const [source, buildpacks, extensions] = await Promise.all([
    openLifecycle(lifecycle.location, { base, platform: buildImage.platform, policy, downloads, findImage: findLifecycle }, context),
    readBuilderModules(config.buildpacks, 'buildpack', modules, context),
    readBuilderModules(config.extensions, 'extension', modules, context),
  ])
  return { lifecycle: source, buildpacks, extensions }
}

/** Emits a warning event for each message. */
export function warnAll(messages: readonly string[], { events }: Context): void {
  for (const message of messages) events?.({ type: 'warning', message })
}

/** Checks the run images and returns warnings. A missing run image is only a warning: it may exist when the builder is used. */
async function checkRunImages({ runImages, stackId }: BuilderConfig, buildImage: Image, platform: Platform, find: FindBuilderImage, context: Context): Promise<string[]> {
  const check = async (name: string): Promise<string[]> => {
    try {
      return checkRunImage(await find(name, platform, context), buildImage, stackId)
    } catch (error) {
      if (!(error instanceof CnbError) || !['CNB_IMAGE_NOT_FOUND', 'CNB_PULL_FAILED'].includes(error.code)) throw error
      return [`cannot check run image '${name}': ${error.message}`]
    }
  }
  return (await Promise.all(runImages.map(({ image }) => check(image)))).flat()
}
