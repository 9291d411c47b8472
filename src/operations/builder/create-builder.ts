/** `cnb builder create`: creates a builder image from a builder.toml. */

import { dirname, resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { decide, step, type Context } from '../../base/events.ts'
import { NAME, VERSION } from '../../base/version.ts'
import type { BuilderConfig } from '../../builder/builder-toml.ts'
import { targetPlatform } from '../../builder/compatibility.ts'
import { planBuilder } from '../../builder/create.ts'
import { checkRunImage } from '../../builder/run-image-check.ts'
import { formatTarget, targetMatches } from '../../buildpacks/build-target.ts'
import { openEngineImages } from '../../images/engine/engine-source.ts'
import type { Image, ImageSource } from '../../images/image.ts'
import { decidePullPolicy, findImage, type FindImageServices, type PullPolicy } from '../../images/find/find-image.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import { familiarName, formatReference, parseTags, type Reference } from '../../oci/reference.ts'
import { openDownloadSession } from '../downloads.ts'
import { openModuleSources } from '../packages/open-module-sources.ts'
import { readBuilderFile, readBuilderModules } from './builder-sources.ts'
import { chooseLifecycle, openLifecycle } from './open-lifecycle.ts'
import { outputReference } from '../output-reference.ts'
import { readConfig } from '../config/config-file.ts'
import { chooseMirrors, readRegistrySettings, type RegistryOptions } from '../config/registry-settings.ts'
import type { EngineServices, RegistryServices } from '../services.ts'

export interface CreateBuilderOptions extends RegistryOptions {
  /** The builder image's name, as typed. */
  image: string
  /** Path of builder.toml; paths in it are relative to its directory. */
  config: string
  tags?: string[]
  /** `key=value` labels. */
  labels?: string[]
  pullPolicy?: PullPolicy
  /** The image that the lifecycle is taken from, instead of that of builder.toml. */
  lifecycleImage?: string
}

/** The JSON output of `cnb builder create`. */
export interface CreateBuilderResult {
  image: string
  tags: string[]
  id: string
  /** The line that --quiet prints: `name@digest`, or the image ID on a graph-driver engine. */
  reference: string
  lifecycleVersion: string
  buildpacks: { id: string; version: string }[]
  durationMs: number
}

/** Services to find images; `images` reads those on the engine and provides their layers. */
type BuilderImageServices = FindImageServices & { images: ImageSource }

/**
 * Creates a builder image. The image ID depends only on the files and the build image (reproducible).
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_USAGE, CNB_UNSUPPORTED, CNB_BUILDPACK_*, CNB_LIFECYCLE_INVALID, CNB_BUILDER_INVALID,
 * CNB_RUN_IMAGE_INVALID, CNB_DOWNLOAD_FAILED, CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_PLATFORM_MISMATCH, CNB_ENGINE_*
 */
export async function createBuilder(options: CreateBuilderOptions, services: EngineServices & RegistryServices, context: Context): Promise<CreateBuilderResult> {
  const start = performance.now()
  const [name, ...more] = parseTags(options.image, options.tags)
  const labels = Object.fromEntries((options.labels ?? []).map(parseLabel))
  const file = resolve(services.host.cwd, options.config)
  const config = await readBuilderFile(file, options.config, services.host, context)
  warnAll(config.warnings, context)

  await using images = openEngineImages(services.engine, services.owner)
  const fromUser = await readConfig(services.host, context)
  const policy = decidePullPolicy(options.pullPolicy, fromUser.pullPolicy, context)
  const pulling = { ...services, images, mirrors: chooseMirrors(options, fromUser) }
  const buildImage = await findBuildImage(config, policy, pulling, context)
  warnAll(await checkRunImages(config, buildImage, policy, pulling, context), context)
  const base = dirname(file)
  const settings = await readRegistrySettings(options, services.host, context)
  await using downloads = openDownloadSession(services.host, fromUser, settings, context)
  const { location, why } = chooseLifecycle({ option: options.lifecycleImage, file: config.lifecycle, configured: fromUser.lifecycleImage }, options.config)
  const { plan, warnings, lifecycleVersion, buildpacks } = await step(context, 'reading buildpacks and lifecycle', async () => {
    const findLifecycleImage = (reference: string): Promise<Image> => findImage(reference, policy, pulling, context)
    const lifecycle = await openLifecycle(location, { base, platform: buildImage.platform, policy, downloads, findImage: findLifecycleImage }, context)
    decide(context, { kind: 'lifecycle', name: lifecycle.version }, 'chosen', why)
    const modules = { sources: openModuleSources({ engine: images, registries: () => services.registries(settings), policy }), base, platform: buildImage.platform }
    const read = {
      buildpacks: await readBuilderModules(config.buildpacks, 'buildpack', modules, context),
      extensions: await readBuilderModules(config.extensions, 'extension', modules, context),
    }
    const recipe = { ...config, ...read, lifecycle, buildImage, labels, createdBy: { name: NAME, version: VERSION }, tags: [name, ...more] }
    const planned = await planBuilder(recipe, context)
    return { ...planned, lifecycleVersion: lifecycle.version, buildpacks: read.buildpacks }
  })
  warnAll(warnings, context)
  const saved = await step(context, `saving ${familiarName(name)}`, async () => {
    const previous = await images.find(formatReference(name), context)
    return images.save({ ...plan, previous }, context)
  })
  return {
    image: familiarName(name),
    tags: more.map(familiarName),
    id: saved.id,
    reference: outputReference(name, await savedImage(images, name, context)),
    lifecycleVersion,
    buildpacks: buildpacks.map(({ descriptor: { info } }) => ({ id: info.id, version: info.version })),
    durationMs: performance.now() - start,
  }
}

function parseLabel(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new CnbError('CNB_USAGE', `invalid --label '${text}': expected key=value`, { hint: 'Write --label key=value.' })
}

function warnAll(messages: readonly string[], { events }: Context): void {
  for (const message of messages) events?.({ type: 'warning', message })
}

/** Finds the build image for the target of builder.toml that matches the engine, or without targets for the engine's platform. */
async function findBuildImage(config: BuilderConfig, policy: PullPolicy, services: BuilderImageServices, context: Context): Promise<Image> {
  const platform = choosePlatform(config, (await services.engine.info(context)).platform)
  const image = await findImage(config.buildImage, policy, { ...services, platform }, context)
  const actual = targetPlatform(image)
  if (config.targets.length === 0 || config.targets.some((target) => targetMatches(target, actual))) return image
  throw new CnbError('CNB_PLATFORM_MISMATCH', `the build image '${image.reference}' matches no target of builder.toml`, {
    hint: `Use a build image for one of the targets: ${config.targets.map(formatTarget).join('; ')}.`,
  })
}

function choosePlatform({ targets }: BuilderConfig, engine: Platform): Platform {
  const target = targets.find(({ os, arch, variant }) => targetMatches({ os, arch, variant }, engine))
  if (target) return { os: engine.os, architecture: engine.architecture, variant: target.variant }
  if (targets.length === 0) return engine
  throw new CnbError('CNB_PLATFORM_MISMATCH', `no target of builder.toml matches the engine's platform, ${formatPlatform(engine)}`, {
    hint: `Use an engine for one of the targets: ${targets.map(formatTarget).join('; ')}.`,
  })
}

/** Checks the run images and returns warnings. A missing run image is only a warning: it may exist when the builder is used. */
async function checkRunImages(
  { runImages, stackId }: BuilderConfig,
  buildImage: Image,
  policy: PullPolicy,
  services: BuilderImageServices,
  context: Context,
): Promise<string[]> {
  const check = async (name: string): Promise<string[]> => {
    try {
      return checkRunImage(await findImage(name, policy, services, context), buildImage, stackId)
    } catch (error) {
      if (!(error instanceof CnbError) || !['CNB_IMAGE_NOT_FOUND', 'CNB_PULL_FAILED'].includes(error.code)) throw error
      return [`cannot check run image '${name}': ${error.message}`]
    }
  }
  return (await Promise.all(runImages.map(({ image }) => check(image)))).flat()
}

async function savedImage(images: ImageSource, name: Reference, context: Context): Promise<Image> {
  const image = await images.find(formatReference(name), context)
  if (image) return image
  throw new CnbError('CNB_ENGINE_FAILED', `image '${familiarName(name)}' was saved, but the engine no longer has it`)
}
