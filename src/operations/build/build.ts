/** `cnb build`: builds an image from an app. */

import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { once } from '../../base/once.ts'
import { measured } from '../../base/spans.ts'
import { formatApiVersion } from '../../formats/versions.ts'
import { type EngineImageStore, openEngineImages } from '../../images/engine/engine-source.ts'
import { platformSuffix } from '../../images/index/image-index.ts'
import { readBuildMetadata } from '../../images/labels/build-metadata.ts'
import { startedProcess } from '../../images/labels/started-process.ts'
import { checkIndexSinks } from '../../images/sinks/open-sinks.ts'
import type { Sink } from '../../images/sinks/sink.ts'
import type { BuildPlan, BuildStores, BuiltImage, Lifecycle, LifecycleResult, OpenBuild } from '../../lifecycle/lifecycle.ts'
import type { ModuleSources } from '../../buildpacks/module-sources.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { formatPlatform } from '../../oci/platform.ts'
import { familiarName } from '../../oci/reference.ts'
import { readInput, type BuildInput } from './build-input.ts'
import type { BuildOptions } from './build-options.ts'
import { planBuild, startPlan } from './build-plan.ts'
import type { BuildResult } from './build-result.ts'
import { openBuildStore, openCacheImages, type Publishing } from './build-store.ts'
import { parsePlatform } from '../parse-platform.ts'
import { warnOfGitCredentials } from './git/git-credentials.ts'
import { checkEmulation } from './platforms/emulation.ts'
import { isEngineOnly, parseSinks } from './build-sinks.ts'
import type { IndexBuild } from './platforms/index-build.ts'
import type { CheckServices, UnchangedCheck } from './unchanged/unchanged-check.ts'
import { recordUse } from '../cache/cache-uses.ts'
import { pruneDaily } from '../cache/prune-daily.ts'
import { openDownloadSession } from '../downloads.ts'
import { chooseRegistry } from '../packages/buildpack-registry.ts'
import { openModuleSources } from '../packages/open-module-sources.ts'
import { outputReference } from '../output-reference.ts'
import type { RegistryServices, EngineServices } from '../services.ts'
import { withoutSecrets } from './secrets/without-secrets.ts'

/**
 * Builds an image, or an index of one image for each platform. Validates the input, and finds the builder, before it creates anything on
 * the engine; for several platforms and with --if-changed, it finds all images before.
 * @param parsed the sinks of the options, for a caller that needs them too
 * @param ready called when the build's container is starting, and everything but the app is known; the app is read after it
 * @throws CnbError with almost any code
 * @internal not part of the library's types
 */
export async function build(given: BuildOptions, services: EngineServices & RegistryServices, context: Context, parsed?: readonly Sink[], ready?: () => Promise<void>): Promise<BuildResult> {
  // Without the time that the caller waits for.
  let start = performance.now()
  const whenReady = ready && (async () => {
    await ready()
    start = performance.now()
  })
  const result = await buildWhenReady(given, services, context, parsed, whenReady)
  // The prepared container is for another input.
  return result ? { ...result, durationMs: performance.now() - start } : build(given, services, context, parsed)
}

/** @returns undefined if the input changed before `ready` returned */
async function buildWhenReady({ platforms = [], ...options }: BuildOptions, services: EngineServices & RegistryServices, context: Context, parsed: readonly Sink[] | undefined, ready: (() => Promise<void>) | undefined): Promise<BuildResult | undefined> {
  const wanted = [...new Set(platforms.map((platform) => formatPlatform(parsePlatform(platform))))]
  const sinks = parsed ?? (await parseSinks(options, services.host.cwd))
  const index = wanted.length > 1 ? await openIndex(sinks) : undefined
  const input = await measured(context, 'reading the input', () => readInput(options, services.host, context))
  await warnOfGitCredentials(input.app, input.project?.descriptor ?? {}, context)
  const result = await withoutSecrets(input.secrets, context, (masked) => buildInput(input, { wanted, sinks, index, ready }, services, masked))
  if (result) await pruneDaily(input.config, services, context)
  return result
}

interface Targets {
  /** The platforms, if the user chose any. */
  readonly wanted: readonly string[]
  readonly sinks: readonly Sink[]
  readonly index: IndexBuild | undefined
  readonly ready: (() => Promise<void>) | undefined
}

async function buildInput(input: BuildInput, { wanted, sinks, index, ready }: Targets, services: EngineServices & RegistryServices, context: Context): Promise<BuildResult | undefined> {
  await using engine = openEngineImages(services.engine, services.owner)
  await using publishing = new PublishingOnDemand(input, sinks, services)
  await using downloads = openDownloadSession(services.host, input.config, input.registry, context)
  const registries = async () => (await publishing.open())?.registries ?? services.registries(input.registry)
  const registry = chooseRegistry(input.options.buildpackRegistry, input.config)
  const sources = openModuleSources({ engine, registries, policy: input.pullPolicy, downloads, host: services.host, registry })
  const inputs = wanted.length > 0 ? wanted.map((platform) => inputFor(input, platform, index !== undefined)) : [input]
  const building = { input, sinks, sources, services, publishing, context }
  if (wanted.length === 0 && !isCompared(input)) return await buildAtOnce(building, ready)
  await ready?.()
  return await buildPlanned(inputs, index, engine, building)
}

interface Building {
  readonly input: BuildInput
  readonly sinks: readonly Sink[]
  readonly sources: ModuleSources
  readonly services: EngineServices & RegistryServices
  readonly publishing: PublishingOnDemand
  readonly context: Context
}

/** Builds for the engine's platform. The engine starts a container meanwhile, because that takes longest. */
async function buildAtOnce({ input, sinks, sources, services, publishing, context }: Building, ready: (() => Promise<void>) | undefined): Promise<BuildResult | undefined> {
  const loading = openLifecycle(input.options.lifecycle ?? 'native', services)
  loading.catch(() => {})
  const { start, complete } = await measured(context, 'finding the builder', () => startPlan(input, services, sinks, context))
  await using opened = (await loading).open(start, context)
  const opening = publishing.open()
  await recordUse(start, services.host)
  const plan = await measured(context, 'planning the build', async () => complete({ publishing: await opening, sources }))
  if (ready) {
    await ready()
    if (!isDeepStrictEqual(await readInput(input.options, services.host, { signal: context.signal }), input)) return undefined
  }
  return (await run(plan, opened, await opening)).described
}

/** Builds for each platform, or returns the existing image with --if-changed. Creates nothing on the engine before the plans are complete. */
async function buildPlanned(inputs: readonly BuildInput[], index: IndexBuild | undefined, images: EngineImageStore, { input, sources, services, publishing: lazy, context }: Building): Promise<BuildResult> {
  const publishing = await lazy.open()
  const check = await openCheck(input, { ...services, images, publishing }, context)
  const plans: BuildPlan[] = []
  for (const each of inputs) plans.push(await measured(context, 'planning the build', () => planBuild(each, services, { publishing, sources }, context)))
  await Promise.all(plans.map((plan) => recordUse(plan, services.host)))
  const found = await check?.find(plans, context)
  if (found?.isFound) {
    const results = found.images.map((image, at) => ({ ...describeResult(plans[at]!, image, publishing), durationMs: 0 }))
    return { ...(index && found.index ? index.found(plans, results, found.index) : results[0]!), unchanged: true, reason: found.reason }
  }
  await Promise.all(plans.map((plan) => checkEmulation(plan, services, context)))
  const lifecycle = await openLifecycle(input.options.lifecycle ?? 'native', services)
  const builds: Build[] = []
  const runWhole = async (plan: BuildPlan): Promise<BuildResult> => {
    await using opened = lifecycle.open(plan, context)
    const done = await run(plan, opened, publishing, index?.addPart)
    builds.push(done)
    return done.described
  }
  const result = index && publishing ? await index.build(plans, runWhole, publishing, context) : await runWhole(plans[0]!)
  await check?.record(builds, index?.digest, context)
  return found ? { ...result, reason: found.reason } : result
}

/** A build that is done. */
interface Build {
  readonly plan: BuildPlan
  readonly result: LifecycleResult
  readonly described: BuildResult
}

/** @param addPart receives the entry of the saved image, if it is a part of an index */
async function run(plan: BuildPlan, opened: OpenBuild, publishing: Publishing | undefined, addPart?: (entry: Descriptor) => void): Promise<Build> {
  const begun = performance.now()
  const result = await opened.run(plan, publishing && storesOf(plan, publishing, addPart))
  const { phases, runImage, image } = result
  return { plan, result, described: { ...describeResult(plan, image, publishing), runImage, phases: [...phases], durationMs: performance.now() - begun } }
}

function storesOf(plan: BuildPlan, publishing: Publishing, addPart: ((entry: Descriptor) => void) | undefined): BuildStores {
  return {
    openStore: (images) => openBuildStore(images, publishing, plan, addPart),
    ...(publishing.sinks.some(({ takesBlobs }) => takesBlobs) ? { blobs: publishing.blobs } : {}),
    cacheImages: openCacheImages(publishing, plan.builder.image.platform),
  }
}

/**
 * Starts the check of --if-changed. The configuration file's value has no effect on builds that cannot be checked.
 * @throws CnbError CNB_UNSUPPORTED for such a build with the option
 */
async function openCheck(input: BuildInput, services: CheckServices, context: Context): Promise<UnchangedCheck | undefined> {
  if (!isCompared(input)) return undefined
  const { UnchangedCheck, uncheckable } = await import('./unchanged/unchanged-check.ts')
  const problem = uncheckable(input.options)
  if (problem && input.options.ifChanged) throw problem
  return problem ? undefined : new UnchangedCheck(input, services, context)
}

function isCompared({ options, config }: BuildInput): boolean {
  return options.ifChanged ?? config.ifChanged ?? false
}

/** Loads the code for several platforms. @throws CnbError CNB_USAGE if a sink cannot store an index */
async function openIndex(sinks: readonly Sink[]) {
  checkIndexSinks(sinks)
  const { IndexBuild } = await import('./platforms/index-build.ts')
  return new IndexBuild()
}

/** Returns the input of a build for one platform. A part of an index has a directory for its files in the user's. */
function inputFor(input: BuildInput, platform: string, part: boolean): BuildInput {
  const parsed = parsePlatform(platform)
  const inside = (path: string | undefined) => path && (part ? join(path, platformSuffix(parsed)) : path)
  const { sbomOutputDir, reportOutputDir } = input.options
  return { ...input, platform: parsed, options: { ...input.options, platform, part, sbomOutputDir: inside(sbomOutputDir), reportOutputDir: inside(reportOutputDir) } }
}

/** The registry client and the sinks, opened and loaded on first use. Disposal removes the blobs. */
class PublishingOnDemand implements AsyncDisposable {
  /** Returns undefined if the engine is the only target. */
  readonly open: () => Promise<Publishing | undefined>
  #opened: Publishing | undefined

  /** @throws CnbError CNB_UNSUPPORTED for the stock driver, which saves to the engine only */
  constructor({ options, cache, registry }: BuildInput, sinks: readonly Sink[], { registries }: RegistryServices) {
    const engineOnly = isEngineOnly(sinks) && cache.buildImage === undefined
    if (options.lifecycle === 'stock' && !engineOnly) {
      throw new CnbError('CNB_UNSUPPORTED', 'the stock lifecycle saves images and caches to the engine only', {
        hint: 'Omit --lifecycle: the native lifecycle can publish, and never passes credentials to the builder.',
      })
    }
    this.open = once(async () => {
      if (engineOnly) return undefined
      const { LayerBlobs } = await import('../../images/layers/layer-blobs.ts')
      return (this.#opened = { sinks, registries: await registries(registry), blobs: new LayerBlobs() })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.blobs[Symbol.asyncDispose]()
  }
}

/** Loads and creates the selected driver; the other driver's code is not loaded. */
async function openLifecycle(driver: 'native' | 'stock', { engine, owner, host, sweep }: EngineServices): Promise<Lifecycle> {
  if (driver === 'native') return (await import('../../lifecycle/native/native-lifecycle.ts')).nativeLifecycle({ engine, owner, sweep })
  return (await import('../../lifecycle/stock/stock-lifecycle.ts')).stockLifecycle({ engine, owner, sweep, home: host.home })
}

/** The result for an image of the plan's run image, without phases. */
function describeResult(plan: BuildPlan, image: Parameters<typeof describeImage>[1], publishing: Publishing | undefined) {
  return {
    ...describeImage(plan, image),
    places: publishing ? publishing.sinks.map(({ place }) => place) : ['engine'],
    builder: plan.builder.image.reference,
    runImage: plan.runImage.name,
    platformApi: formatApiVersion(plan.platformApi),
    phases: [],
  }
}

function describeImage(plan: BuildPlan, image: Pick<BuiltImage, 'config'> & Parameters<typeof outputReference>[1]) {
  const name = familiarName(plan.image)
  const metadata = readBuildMetadata({ reference: name, labels: image.config.Labels ?? {} })
  const started = startedProcess(image.config)
  return {
    image: name,
    tags: plan.tags.map(familiarName),
    id: image.id,
    reference: outputReference(plan.image, image),
    buildpacks: (metadata?.buildpacks ?? []).map(({ id, version }) => ({ id, version })),
    processes: (metadata?.processes ?? []).map(({ type }) => ({ type, default: type === started })),
  }
}
