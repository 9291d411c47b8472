/** `cnb build`: builds an image from an app. */

import { join } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { measured } from '../../base/spans.ts'
import { formatApiVersion } from '../../formats/versions.ts'
import { openEngineImages } from '../../images/engine/engine-source.ts'
import { platformSuffix } from '../../images/index/image-index.ts'
import { readBuildMetadata } from '../../images/labels/build-metadata.ts'
import { startedProcess } from '../../images/labels/started-process.ts'
import { checkIndexSinks } from '../../images/sinks/open-sinks.ts'
import type { Sink } from '../../images/sinks/sink.ts'
import type { BuildPlan, BuiltImage, Lifecycle, LifecycleResult } from '../../lifecycle/lifecycle.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { formatPlatform } from '../../oci/platform.ts'
import { familiarName } from '../../oci/reference.ts'
import { readInput, type BuildInput } from './build-input.ts'
import type { BuildOptions } from './build-options.ts'
import { planBuild } from './build-plan.ts'
import type { BuildResult } from './build-result.ts'
import { openBuildStore, openCacheImages, type Publishing } from './build-store.ts'
import { parsePlatform } from './build-values.ts'
import { checkEmulation } from './platforms/emulation.ts'
import { isEngineOnly, parseSinks } from './build-sinks.ts'
import type { CheckServices, UnchangedCheck } from './unchanged/unchanged-check.ts'
import { openDownloadSession } from '../downloads.ts'
import { chooseRegistry } from '../packages/buildpack-registry.ts'
import { openModuleSources } from '../packages/open-module-sources.ts'
import { outputReference } from '../output-reference.ts'
import type { RegistryServices, EngineServices } from '../services.ts'

/**
 * Builds an image, or an index of one image for each platform. Validates the input, and finds the images of all platforms, before it
 * creates anything on the engine.
 * @param parsed the sinks of the options, for a caller that needs them too
 * @throws CnbError with almost any code
 * @internal not part of the library's types
 */
export async function build({ platforms = [], ...options }: BuildOptions, services: EngineServices & RegistryServices, context: Context, parsed?: readonly Sink[]): Promise<BuildResult> {
  const start = performance.now()
  const wanted = [...new Set(platforms.map((platform) => formatPlatform(parsePlatform(platform))))]
  const sinks = parsed ?? (await parseSinks(options, services.host.cwd))
  const index = wanted.length > 1 ? await openIndex(sinks) : undefined
  const input = await measured(context, 'reading the input', () => readInput(options, services.host, context))
  const publishing = await openPublishing(input, sinks, services)
  await using _ = publishing?.blobs
  await using engine = openEngineImages(services.engine, services.owner)
  const check = await openCheck(input, { ...services, images: engine, publishing }, context)
  const registries = async () => publishing?.registries ?? services.registries(input.registry)
  await using downloads = openDownloadSession(services.host, input.config, input.registry, context)
  const registry = chooseRegistry(options.buildpackRegistry, input.config)
  const sources = openModuleSources({ engine, registries, policy: input.pullPolicy, downloads, host: services.host, registry })
  // Loads the driver's code while the plan waits for the engine.
  const load = () => openLifecycle(options.lifecycle ?? 'native', services, publishing, index)
  const loading = check ? undefined : load()
  loading?.catch(() => {})
  const plans: BuildPlan[] = []
  for (const platform of wanted.length > 0 ? wanted : [undefined]) {
    const ofPlatform = platform === undefined ? input : inputFor(input, platform, index !== undefined)
    plans.push(await measured(context, 'planning the build', () => planBuild(ofPlatform, services, { publishing, sources }, context)))
  }
  const found = await check?.find(plans, context)
  if (found) {
    const results = found.images.map((image, at) => ({ ...describeResult(plans[at]!, image, publishing), durationMs: 0 }))
    return { ...(index && found.index ? index.found(plans, results, found.index) : results[0]!), unchanged: true, durationMs: performance.now() - start }
  }
  await Promise.all(plans.map((plan) => checkEmulation(plan, services, context)))
  const lifecycle = await (loading ?? load())
  const builds: { readonly plan: BuildPlan; readonly result: LifecycleResult }[] = []
  const run = async (plan: BuildPlan): Promise<BuildResult> => {
    const begun = performance.now()
    const result = await lifecycle.run(plan, context)
    builds.push({ plan, result })
    const { phases, runImage, image } = result
    return { ...describeResult(plan, image, publishing), runImage, phases: [...phases], durationMs: performance.now() - begun }
  }
  const result = index && publishing ? await index.build(plans, run, publishing, context) : await run(plans[0]!)
  await check?.record(builds, index?.digest, context)
  return { ...result, durationMs: performance.now() - start }
}

/**
 * Starts the check of --if-changed. The configuration file's value has no effect on builds that cannot be checked.
 * @throws CnbError CNB_UNSUPPORTED for such a build with the option
 */
async function openCheck(input: BuildInput, services: CheckServices, context: Context): Promise<UnchangedCheck | undefined> {
  if (!(input.options.ifChanged ?? input.config.ifChanged)) return undefined
  const { UnchangedCheck, uncheckable } = await import('./unchanged/unchanged-check.ts')
  const problem = uncheckable(input.options)
  if (problem && input.options.ifChanged) throw problem
  return problem ? undefined : new UnchangedCheck(input, services, context)
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

/** Opens the registry client and the sinks. Returns undefined if the engine is the only target, and then loads no registry code. */
async function openPublishing({ options, cache, registry }: BuildInput, sinks: readonly Sink[], { registries }: RegistryServices): Promise<Publishing | undefined> {
  if (isEngineOnly(sinks) && cache.buildImage === undefined) return undefined
  if (options.lifecycle === 'stock') {
    throw new CnbError('CNB_UNSUPPORTED', 'the stock lifecycle saves images and caches to the engine only', {
      hint: 'Omit --lifecycle: the native lifecycle can publish, and never passes credentials to the builder.',
    })
  }
  const { LayerBlobs } = await import('../../images/layers/layer-blobs.ts')
  return { sinks, registries: await registries(registry), blobs: new LayerBlobs() }
}

/** Loads and creates the selected driver; the other driver's code is not loaded. */
async function openLifecycle(
  driver: 'native' | 'stock',
  { engine, owner, host, sweep }: EngineServices,
  publishing: Publishing | undefined,
  index: { readonly addPart: (entry: Descriptor) => void } | undefined,
): Promise<Lifecycle> {
  if (driver === 'native') {
    const { nativeLifecycle } = await import('../../lifecycle/native/native-lifecycle.ts')
    return nativeLifecycle({
      ...{ engine, owner, sweep },
      openStore: (images, plan) => openBuildStore(images, publishing, plan, index?.addPart),
      ...(publishing?.sinks.some(({ takesBlobs }) => takesBlobs) ? { blobs: publishing.blobs } : {}),
      ...(publishing ? { cacheImages: ({ builder }) => openCacheImages(publishing, builder.image.platform) } : {}),
    })
  }
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
