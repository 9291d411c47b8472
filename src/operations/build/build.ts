/** `cnb build`: builds an image from an app. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { measured } from '../../base/spans.ts'
import { formatApiVersion } from '../../formats/versions.ts'
import { readBuildMetadata } from '../../images/labels/build-metadata.ts'
import { startedProcess } from '../../images/labels/started-process.ts'
import type { BuildPlan, BuiltImage, Lifecycle } from '../../lifecycle/lifecycle.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { formatPlatform } from '../../oci/platform.ts'
import { familiarName } from '../../oci/reference.ts'
import type { BuildOptions, PlatformBuildOptions } from './build-options.ts'
import { planBuild } from './build-plan.ts'
import type { BuildResult } from './build-result.ts'
import { openBuildStore, openCacheImages, type Publishing } from './build-store.ts'
import { parsePlatform } from './build-values.ts'
import { chooseCache } from './cache-option.ts'
import { checkEmulation } from './platforms/emulation.ts'
import { isEngineOnly, parseSinks } from './build-sinks.ts'
import { outputReference } from '../output-reference.ts'
import { readRegistrySettings } from '../config/registry-settings.ts'
import type { RegistryServices, EngineServices } from '../services.ts'

/**
 * Builds an image, or an index of one image for each platform. Validates the input, and finds the images of all platforms, before it creates
 * anything on the engine.
 * @throws CnbError with almost any code
 */
export async function build({ platforms = [], ...options }: BuildOptions, services: EngineServices & RegistryServices, context: Context): Promise<BuildResult> {
  const start = performance.now()
  const wanted = [...new Set(platforms.map((platform) => formatPlatform(parsePlatform(platform))))]
  const publishing = await openPublishing(options, services, context)
  await using _ = publishing?.blobs
  const index = wanted.length > 1 ? await openIndex(publishing, services) : undefined
  // Loads the driver's code while the plan waits for the engine.
  const loading = openLifecycle(options.lifecycle ?? 'native', services, publishing, index)
  loading.catch(() => {})
  const plans: BuildPlan[] = []
  for (const platform of wanted.length > 0 ? wanted : [undefined]) {
    const ofPlatform = index ? index.optionsFor(options, platform!) : { ...options, platform }
    plans.push(await measured(context, 'planning the build', () => planBuild(ofPlatform, services, publishing, context)))
  }
  await Promise.all(plans.map((plan) => checkEmulation(plan, services, context)))
  const lifecycle = await loading
  const places = publishing ? publishing.sinks.map(({ place }) => place) : ['engine']
  const run = async (plan: BuildPlan): Promise<BuildResult> => {
    const begun = performance.now()
    const { phases, runImage, image } = await lifecycle.run(plan, context)
    const described = { ...describeImage(plan, image), places, builder: plan.builder.image.reference, runImage }
    return { ...described, platformApi: formatApiVersion(plan.platformApi), phases: [...phases], durationMs: performance.now() - begun }
  }
  const [first, ...others] = plans
  if (index && first) return { ...(await index.build([first, ...others], run, context)), durationMs: performance.now() - start }
  return { ...(await run(first!)), durationMs: performance.now() - start }
}

/** Loads the code for several platforms. @throws CnbError CNB_USAGE if a sink cannot store an index */
async function openIndex(publishing: Publishing | undefined, { host }: RegistryServices) {
  const { IndexBuild } = await import('./platforms/index-build.ts')
  return new IndexBuild(publishing?.sinks ?? (await parseSinks({}, host.cwd)), publishing?.registries)
}

/** Opens the registry client and the sinks. Returns undefined if the engine is the only target, and then loads no registry code. */
async function openPublishing(options: PlatformBuildOptions, { registries, host }: RegistryServices, context: Context): Promise<Publishing | undefined> {
  const sinks = await parseSinks(options, host.cwd)
  if (isEngineOnly(sinks) && chooseCache(options, host.cwd).buildImage === undefined) return undefined
  if (options.lifecycle === 'stock') {
    throw new CnbError('CNB_UNSUPPORTED', 'the stock lifecycle saves images and caches to the engine only', {
      hint: 'Omit --lifecycle: the native lifecycle can publish, and never passes credentials to the builder.',
    })
  }
  const { LayerBlobs } = await import('../../images/layers/layer-blobs.ts')
  return { sinks, registries: await registries(await readRegistrySettings(options, host, context)), blobs: new LayerBlobs() }
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
