/** `cnb build`: builds an image from an app. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { measured } from '../../base/spans.ts'
import { formatApiVersion } from '../../formats/versions.ts'
import { openEngineImages } from '../../images/engine/engine-source.ts'
import { readBuildMetadata } from '../../images/labels/build-metadata.ts'
import { startedProcess } from '../../images/labels/started-process.ts'
import type { Sink } from '../../images/sinks/sink.ts'
import type { BuildPlan, BuiltImage, Lifecycle } from '../../lifecycle/lifecycle.ts'
import { familiarName } from '../../oci/reference.ts'
import { readInput, type BuildInput } from './build-input.ts'
import type { BuildOptions } from './build-options.ts'
import { planBuild } from './build-plan.ts'
import { openBuildStore, openCacheImages, type Publishing } from './build-store.ts'
import { isEngineOnly, parseSinks } from './build-sinks.ts'
import { openModuleSources } from '../packages/open-module-sources.ts'
import { outputReference } from '../output-reference.ts'
import type { RegistryServices, EngineServices } from '../services.ts'

/** The JSON output of `cnb build`. */
export interface BuildResult {
  image: string
  tags: string[]
  /** The locations of the image: `engine`, `registry`, `oci:DIRECTORY`. */
  places: string[]
  /** The image ID on the engine; `repository@digest` if the image is not on the engine. */
  id: string
  /** The line that --quiet prints: `name@digest`, or the image ID on a graph-driver engine. */
  reference: string
  builder: string
  runImage: string
  platformApi: string
  buildpacks: { id: string; version: string }[]
  /** The image's processes; without a command, the image starts the default one. */
  processes: { type: string; default: boolean }[]
  phases: { phase: string; durationMs: number }[]
  durationMs: number
}

/**
 * Builds an image. Validates the input before it creates anything on the engine.
 * @param parsed the sinks of the options, for a caller that needs them too
 * @throws CnbError with almost any code
 * @internal not part of the library's types
 */
export async function build(options: BuildOptions, services: EngineServices & RegistryServices, context: Context, parsed?: readonly Sink[]): Promise<BuildResult> {
  const start = performance.now()
  const sinks = parsed ?? (await parseSinks(options, services.host.cwd))
  const input = await measured(context, 'reading the input', () => readInput(options, services.host, context))
  const publishing = await openPublishing(input, sinks, services)
  await using _ = publishing?.blobs
  await using engine = openEngineImages(services.engine, services.owner)
  const registries = async () => publishing?.registries ?? services.registries(input.registry)
  const sources = openModuleSources({ engine, registries, policy: input.pullPolicy })
  // Loads the driver's code while the plan waits for the engine.
  const [plan, lifecycle] = await Promise.all([
    measured(context, 'planning the build', () => planBuild(input, services, { publishing, sources }, context)),
    openLifecycle(options.lifecycle ?? 'native', services, publishing),
  ])
  const { phases, runImage, image } = await lifecycle.run(plan, context)
  return {
    ...describeImage(plan, image),
    places: publishing ? publishing.sinks.map(({ place }) => place) : ['engine'],
    builder: plan.builder.image.reference,
    runImage,
    platformApi: formatApiVersion(plan.platformApi),
    phases: [...phases],
    durationMs: performance.now() - start,
  }
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
): Promise<Lifecycle> {
  if (driver === 'native') {
    const { nativeLifecycle } = await import('../../lifecycle/native/native-lifecycle.ts')
    return nativeLifecycle({
      ...{ engine, owner, sweep },
      openStore: (images, plan) => openBuildStore(images, publishing, plan),
      ...(publishing?.sinks.some(({ takesBlobs }) => takesBlobs) ? { blobs: publishing.blobs } : {}),
      ...(publishing ? { cacheImages: ({ builder }) => openCacheImages(publishing, builder.image.platform) } : {}),
    })
  }
  return (await import('../../lifecycle/stock/stock-lifecycle.ts')).stockLifecycle({ engine, owner, sweep, home: host.home })
}

function describeImage(plan: BuildPlan, image: BuiltImage) {
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
