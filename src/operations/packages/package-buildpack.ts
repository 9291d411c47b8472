/** `cnb buildpack package` and `cnb extension package`: create packages of buildpacks and extensions. */

import { resolve } from 'node:path'
import { step, type Context } from '../../base/events.ts'
import { once } from '../../base/once.ts'
import { formatTarget } from '../../buildpacks/build-target.ts'
import { planPackage } from '../../buildpacks/packages/plan-package.ts'
import { decidePullPolicy } from '../../images/find/find-image.ts'
import { LayerBlobs } from '../../images/layers/layer-blobs.ts'
import { openRegistryImages } from '../../images/remote/registry-source.ts'
import type { Sink, SinkServices } from '../../images/sinks/sink.ts'
import { toArchive } from '../../images/sinks/to-archive.ts'
import { familiarName, formatReference, parseTag, type Tag } from '../../oci/reference.ts'
import { parseSinks } from '../build/build-sinks.ts'
import { readConfig } from '../config/config-file.ts'
import { readRegistrySettings } from '../config/registry-settings.ts'
import type { ImageServices } from '../inspect/locate-image.ts'
import { outputReference } from '../output-reference.ts'
import { openDownloadSession } from '../downloads.ts'
import { chooseRegistry } from './buildpack-registry.ts'
import { LazyEngine } from './lazy-engine.ts'
import { openModuleSources } from './open-module-sources.ts'
import { readPackageModules } from './package-modules.ts'
import { readPackageOptions, type PackageOptions, type PackageResult } from './package-options.ts'
import { readPackageSource } from './package-source.ts'
import { packageFiles, packageTargets } from './package-targets.ts'
import { savePackage, type SavedPackage, type TargetPlan } from './save-package.ts'

/**
 * Creates a package: an image for each target, on the engine, in a registry, in an OCI layout or in files. The same files result in the
 * same images. An engine is used only to save the package there, and to find dependencies that are images.
 * @throws CnbError CNB_USAGE, CNB_UNSUPPORTED, CNB_DESCRIPTOR_INVALID, CNB_BUILDPACK_*, CNB_IMAGE_*, CNB_PLATFORM_MISMATCH, CNB_OUTPUT,
 * CNB_ENGINE_*, CNB_REGISTRY_*
 */
export async function packageModule(options: PackageOptions, places: ImageServices, context: Context): Promise<PackageResult> {
  const start = performance.now()
  const { host, platform } = places.remote
  const settings = readPackageOptions(options, context)
  const isFile = options.format === 'file'
  const tags = isFile ? [] : [options.name, ...(options.tags ?? [])].map((tag) => parseTag(tag))
  const sinks = isFile ? [] : await parseSinks(options, host.cwd)
  const source = await readPackageSource(options, host, context)

  await using engine = new LazyEngine(places.services)
  await using blobs = new LayerBlobs()
  const isOnEngine = sinks.some(({ store }) => store === 'engine')
  const targets = packageTargets(settings.targets, source.targets, isOnEngine ? await engine.platform(context) : undefined, context)
  const config = await readConfig(host, context)
  const policy = decidePullPolicy(options.pullPolicy, config, context)
  const registrySettings = await readRegistrySettings(options, host, context)
  const registries = once(() => places.remote.registries(registrySettings))
  await using downloads = openDownloadSession(host, config, registrySettings, context)
  const needsRegistries = sinks.some(({ store }) => store === 'registry')
  // The dependencies of a published package are in registries too.
  const onlyPublished = needsRegistries && sinks.length === 1
  const registry = chooseRegistry(options.buildpackRegistry, config)
  const sources = openModuleSources({ engine: onlyPublished ? undefined : engine, registries, policy, downloads, host, registry })
  if (needsRegistries) for (const sink of sinks) await sink.check?.(tags, await registries(), context)

  // Only layers that the engine's image of that name lacks are sent to the engine.
  const previous = isOnEngine && tags[0] ? await engine.find(formatReference(tags[0]), context) : undefined
  const files = isFile ? packageFiles(options.name, targets).map((file) => resolve(host.cwd, file)) : []
  const outputs = [...files, ...sinks.flatMap(({ directory }) => directory ?? [])]
  const plans = await step(context, `reading ${options.kind}s`, () => Promise.all(targets.map(async (target) => {
    const modules = await readPackageModules(source, target, { sources, platform, outputs }, context)
    const planned = await planPackage({ ...modules, target, tags, labels: settings.labels, flattenExcept: settings.flattenExcept }, context)
    return { ...planned, plan: { ...planned.plan, previous }, target, main: modules.main }
  })))
  const [{ main, modules }] = plans as [(typeof plans)[number]]
  const services: SinkServices = { engine, registries: await registries(), blobs, published: openRegistryImages(await registries(), platform), platform }
  const result = {
    id: main.descriptor.info.id,
    version: main.descriptor.info.version,
    modules: modules.map(({ descriptor: { info } }) => ({ id: info.id, version: info.version })),
  }
  if (isFile) return { ...result, ...(await saveFiles(options.name, plans, services, host.cwd, context)), durationMs: performance.now() - start }
  const saved = await savePackage(plans, sinks, services, options.appendImageNameSuffix ?? false, context)
  return { ...result, ...describe(tags, sinks, saved), durationMs: performance.now() - start }
}

async function saveFiles(name: string, plans: readonly TargetPlan[], services: SinkServices, cwd: string, context: Context) {
  const files = packageFiles(name, plans.map(({ target }) => target))
  if (!files[0]?.endsWith('.cnb')) context.events?.({ type: 'warning', message: `'${files[0]}' does not end with .cnb, the extension of packages` })
  const images = []
  for (const [index, { target, plan }] of plans.entries()) {
    const path = resolve(cwd, files[index]!)
    const { whole } = await savePackage([{ target, plan }], [toArchive(path)], services, false, context)
    images.push({ target: formatTarget(target), id: whole.id, path })
  }
  const [first] = images
  return { package: first?.path ?? '', tags: [], places: ['file'], reference: first?.path ?? '', images }
}

function describe([name, ...more]: readonly Tag[], sinks: readonly Sink[], { whole, images }: SavedPackage) {
  const isNamed = sinks[0]?.store !== 'files'
  return {
    package: familiarName(name!),
    tags: more.map(familiarName),
    places: sinks.map(({ place }) => place),
    reference: isNamed ? outputReference(name!, whole) : whole.id,
    images: images.map(({ target, saved }) => ({ target: formatTarget(target), id: saved.id })),
  }
}
