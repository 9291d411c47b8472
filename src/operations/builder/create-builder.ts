/** `cnb builder create`: creates a builder image, or an index of one for each platform. */

import { dirname, resolve } from 'node:path'
import { CnbError, toCnbError } from '../../base/errors.ts'
import { step, type Context } from '../../base/events.ts'
import { once } from '../../base/once.ts'
import { parseFlatten } from '../../builder/flatten.ts'
import { openEngineImages, type EngineImageStore } from '../../images/engine/engine-source.ts'
import { decidePullPolicy, type PullPolicy } from '../../images/find/find-image.ts'
import type { ImagePlan, ImageSink, Layer, SavedImage } from '../../images/image.ts'
import { platformSuffix, saveIndexPart } from '../../images/index/image-index.ts'
import { LayerBlobs } from '../../images/layers/layer-blobs.ts'
import { openRegistryImages } from '../../images/remote/registry-source.ts'
import { checkIndexSinks, openIndexSinks, openSinks } from '../../images/sinks/open-sinks.ts'
import type { Sink } from '../../images/sinks/sink.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { digestOf } from '../../oci/digest.ts'
import { readManifest } from '../../oci/manifest.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import { familiarName, formatReference, parseTags, type Tag } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import { isEngineOnly, parseSinks } from '../build/build-sinks.ts'
import { checkPublishing } from '../build/build-store.ts'
import { readConfig } from '../config/config-file.ts'
import { chooseMirrors, readRegistrySettings, type RegistryOptions } from '../config/registry-settings.ts'
import type { ImageServices } from '../inspect/locate-image.ts'
import { outputReference } from '../output-reference.ts'
import { openModuleSources } from '../packages/open-module-sources.ts'
import { parseLabel } from '../parse-label.ts'
import { openDownloadSession } from '../downloads.ts'
import { chooseRegistry } from '../packages/buildpack-registry.ts'
import { findInRegistry, findOnEngine } from './builder-images.ts'
import { readBuilderFile } from './builder-sources.ts'
import { chooseTargets, platformOnEngine, platformsOf } from './builder-targets.ts'
import { chooseLifecycle } from './open-lifecycle.ts'
import { planBuilderImage, warnAll, type PlannedBuilder } from './plan-builder-image.ts'

export interface CreateBuilderOptions extends RegistryOptions {
  /** The builder image's name, as typed. */
  image: string
  /** Path of builder.toml; paths in it are relative to its directory. */
  config: string
  tags?: string[]
  /** `key=value` labels. */
  labels?: string[]
  pullPolicy?: PullPolicy
  /** `os/arch[/variant][:distro@version;…]`; default: those of builder.toml. */
  targets?: string[]
  /** `engine`, `registry` or `oci:DIRECTORY`; default: `engine`. */
  to?: string[]
  /** Equivalent to `registry` in `to`. */
  publish?: boolean
  /** Also names the image of each platform, by the tag and the platform. */
  appendImageNameSuffix?: boolean
  /** A lifecycle image, instead of the lifecycle of builder.toml. */
  lifecycleImage?: string
  /** The name of the buildpack registry; default: the configuration file's. */
  buildpackRegistry?: string
  /** Groups of buildpacks that share a layer: `id@version,id@version`. */
  flatten?: string[]
}

/** The JSON output of `cnb builder create`. */
export interface CreateBuilderResult {
  image: string
  tags: string[]
  /** The locations of the image: `engine`, `registry`, `oci:DIRECTORY`. */
  places: string[]
  id: string
  /** The line that --quiet prints: `name@digest`, or the image ID on a graph-driver engine. */
  reference: string
  lifecycleVersion: string
  buildpacks: { id: string; version: string }[]
  /** The images of an index. */
  platforms?: { platform: string; digest: string }[]
  durationMs: number
}

/**
 * Creates a builder image. It depends only on the files and the build image (reproducible). Without `engine` among the places, nothing is
 * read from an engine or saved there, and layers of images in the same registry are mounted.
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_USAGE, CNB_UNSUPPORTED, CNB_BUILDPACK_*, CNB_LIFECYCLE_INVALID, CNB_BUILDER_INVALID,
 * CNB_RUN_IMAGE_INVALID, CNB_DOWNLOAD_FAILED, CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_PLATFORM_MISMATCH, CNB_ENGINE_*, CNB_REGISTRY_*
 */
export async function createBuilder(options: CreateBuilderOptions, { services, remote }: ImageServices, context: Context): Promise<CreateBuilderResult> {
  const start = performance.now()
  const { host } = remote
  const tags = parseTags(options.image, options.tags)
  const [name, ...more] = tags
  const labels = Object.fromEntries((options.labels ?? []).map(parseLabel))
  const flatten = (options.flatten ?? []).map(parseFlatten)
  const sinks = await parseSinks(options, host.cwd)
  const file = resolve(host.cwd, options.config)
  const config = await readBuilderFile(file, options.config, host, context)
  warnAll(config.warnings, context)
  const targets = chooseTargets(options.targets ?? [], config.targets)
  const fromUser = await readConfig(host, context)
  const policy = decidePullPolicy(options.pullPolicy, fromUser, context)
  const usesEngine = sinks.some(({ store }) => store === 'engine')
  if (!usesEngine && policy === 'never') {
    throw new CnbError('CNB_USAGE', '--pull-policy never requires --to engine: other places need the images of registries', { hint: 'Use --pull-policy always.' })
  }

  const own = usesEngine ? await services() : undefined
  await using engine = own && openEngineImages(own.engine, own.owner)
  const settings = await readRegistrySettings(options, host, context)
  const registries = once(() => remote.registries(settings))
  await using downloads = openDownloadSession(host, fromUser, settings, context)
  const platforms = own && isEngineOnly(sinks) ? [platformOnEngine(targets, (await own.engine.info(context)).platform)] : platformsOf(targets, own ? (await own.engine.info(context)).platform : remote.platform)
  const isIndex = platforms.length > 1
  if (isIndex) checkIndexSinks(sinks)
  else if (options.appendImageNameSuffix) context.events?.({ type: 'warning', message: '--append-image-name-suffix is ignored: the builder has one platform' })
  await using blobs = new LayerBlobs()
  const saving = { sinks, blobs, engine, registries: isEngineOnly(sinks) ? undefined : await registries() }
  if (saving.registries) await checkPublishing({ ...saving, registries: saving.registries }, tags, context)

  const find = own && engine ? findOnEngine(engine, policy, { ...own, mirrors: chooseMirrors(options, fromUser) }) : findInRegistry(await registries())
  const sources = openModuleSources({ engine, registries, policy, downloads, host, registry: chooseRegistry(options.buildpackRegistry, fromUser) })
  const lifecycle = chooseLifecycle({ option: options.lifecycleImage, file: config.lifecycle, configured: fromUser.lifecycleImage }, options.config)
  const recipe = { config, base: dirname(file), targets, sources, find, lifecycle, downloads, policy, labels, flatten, tags }
  const planned: (PlannedBuilder & { platform: Platform })[] = []
  for (const platform of platforms) planned.push({ platform, ...(await planBuilderImage(recipe, platform, context)) })
  const first = planned[0]!
  const { saved, entries } = await step(context, `saving ${familiarName(name)}`, () =>
    isIndex ? saveIndex(planned, tags, saving, options.appendImageNameSuffix ?? false, context) : saveOne(first, name, saving, context))
  return {
    image: familiarName(name),
    tags: more.map(familiarName),
    places: sinks.map(({ place }) => place),
    id: saved.id,
    reference: outputReference(name, saved),
    lifecycleVersion: first.lifecycleVersion,
    buildpacks: first.buildpacks,
    ...(isIndex ? { platforms: entries.map(({ digest }, at) => ({ platform: formatPlatform(platforms[at]!), digest })) } : {}),
    durationMs: performance.now() - start,
  }
}

/** The destinations of a builder. */
interface Saving {
  readonly sinks: readonly Sink[]
  readonly blobs: LayerBlobs
  readonly engine: EngineImageStore | undefined
  /** Undefined if the engine is the only destination. */
  readonly registries: Registries | undefined
}

interface PlannedImage {
  readonly platform: Platform
  readonly plan: ImagePlan
}

interface Saved {
  readonly saved: SavedImage
  /** The entries of an index. */
  readonly entries: readonly Descriptor[]
}

async function saveOne({ plan, platform }: PlannedImage, name: Tag, saving: Saving, context: Context): Promise<Saved> {
  const previous = await saving.engine?.find(formatReference(name), context)
  const saved = await sinkOf(saving, platform).save({ ...(await withPublished(plan, platform, name, saving, context)), previous }, context)
  return { saved, entries: [] }
}

/**
 * Returns the plan with the blobs of the published image, if it has the planned configuration: nothing is compressed or mounted again.
 * Blobs of another image are not used, because the builder's digest depends on nothing but its input.
 */
async function withPublished(plan: ImagePlan, platform: Platform, name: Tag, { sinks, registries }: Saving, context: Context): Promise<ImagePlan> {
  if (!registries || !sinks.some(({ store }) => store === 'registry')) return plan
  try {
    const found = await openRegistryImages(registries, platform).find(formatReference(name), context)
    if (!found || readManifest(found.manifest.content, found.id).config.digest !== digestOf(encodeImageConfig(plan.config))) return plan
    const layers = plan.layers.map((layer, at): Layer => {
      const { diffId, size } = layer
      return { diffId, ...(size === undefined ? {} : { size }), blob: found.layers[at]!.blob!, open: (signal) => layer.open(signal) }
    })
    return { ...plan, layers }
  } catch (error) {
    context.signal?.throwIfAborted()
    context.events?.({ type: 'debug', message: `cannot read the published builder: ${toCnbError(error).message}` })
    return plan
  }
}

/** Saves the images of all platforms, and their index when all of them are saved. */
async function saveIndex(planned: readonly PlannedImage[], tags: readonly Tag[], saving: Saving, suffixed: boolean, context: Context): Promise<Saved> {
  const entries: Descriptor[] = []
  for (const { platform, plan } of planned) {
    const known = await withPublished(plan, platform, tags[0]!, saving, context)
    entries.push(await saveIndexPart(sinkOf(saving, platform), known, suffixed ? platformSuffix(platform) : undefined, context))
  }
  return { saved: await openIndexSinks(saving.sinks, saving.registries!).save({ images: entries, tags }, context), entries }
}

function sinkOf({ sinks, blobs, engine, registries }: Saving, platform: Platform): ImageSink {
  if (!registries) return engine!
  const published = openRegistryImages(registries, platform)
  // Only the sink for the engine uses it.
  const services = { engine: engine!, registries, blobs, published, platform }
  return openSinks(sinks.map((sink) => ({ sink, images: sink.open(services) })), blobs, published)
}
