/** Creates a build plan from the input of `cnb build`. */

import { resolve } from 'node:path'
import type { Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { hasFeature, sinceApi } from '../../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../../formats/versions.ts'
import { cacheVolumes, volumeKey } from '../../lifecycle/cache-volumes.ts'
import { execEnvFor } from '../../lifecycle/exec-env.ts'
import type { BuildPlan, BuildStart, CacheVolumes } from '../../lifecycle/lifecycle.ts'
import type { ModuleSources } from '../../buildpacks/module-sources.ts'
import { appEntries } from '../../project/app.ts'
import { appStatus } from '../../project/app-status.ts'
import { caBinding } from '../../project/platform-directory.ts'
import type { PlatformBuildOptions } from './build-options.ts'
import { explainCache, explainTrust } from './build-decisions.ts'
import type { BuildInput } from './build-input.ts'
import { checkPublishing, type Publishing } from './build-store.ts'
import { chooseBuildpacks, type ChosenBuildpacks } from './build-order.ts'
import { projectMetadataToml } from './build-project.ts'
import { parseAnnotations } from './annotations/parse-annotations.ts'
import { findPhaseImage, judgeTrust } from './build-trust.ts'
import { proxyEnv } from './build-values.ts'
import { cacheSuffix, chooseCaches } from './platforms/platform-caches.ts'
import type { Sink } from '../../images/sinks/sink.ts'
import { isEngineOnly } from './build-sinks.ts'
import { checkEnginePlatform } from './build-images.ts'
import { findBuilderOf, findRunImageOf } from './found-images.ts'
import { platformMatches } from '../../oci/platform.ts'
import type { EngineServices, Host, RegistryServices } from '../services.ts'
import type { Tag } from '../../oci/reference.ts'

type PlanServices = EngineServices & Pick<RegistryServices, 'platform'>

/** The services of a plan besides the engine. */
export interface PlanOutside {
  /** Absent if the build uses the engine only. */
  readonly publishing?: Publishing
  /** The sources of buildpacks and extensions, which must stay open until the end of the build. */
  readonly sources: ModuleSources
}

/** The start of a plan. */
export interface StartedPlan {
  readonly start: BuildStart
  /** Finds run image and buildpacks; call it once. @throws CnbError with almost any code except those of phases */
  readonly complete: (outside: PlanOutside) => Promise<BuildPlan>
}

/** Plans a build. @throws CnbError with almost any code except those of phases */
export async function planBuild(input: BuildInput, services: PlanServices, outside: PlanOutside, context: Context): Promise<BuildPlan> {
  return (await startPlan(input, services, outside.publishing?.sinks ?? [], context)).complete(outside)
}

/** Finds the builder of a build. @throws CnbError with almost any code except those of phases */
export async function startPlan(input: BuildInput, services: PlanServices, sinks: readonly Sink[], context: Context): Promise<StartedPlan> {
  const { host } = services
  const { options, image, tags, app, project, cache, certificates } = input
  const found = await findBuilderOf(input, services, context)
  const { platformApi } = found
  const builder = withUser(found.builder, options)
  warnOfOldApi(options, platformApi, context)
  const suffix = input.platform && cacheSuffix(input.platform, (await services.engine.info(context)).platform)
  const keeping = chooseCaches(await volumesOf(image, cache.key, host), cache, suffix, options.part ?? false)
  explainCache(options, keeping, context)
  const absolute = (directory: string | undefined) => (directory === undefined ? undefined : resolve(host.cwd, directory))
  const start: BuildStart = {
    image,
    tags,
    platformApi,
    builder,
    platform: input.platform,
    leavesEngine: !isEngineOnly(sinks),
    appEntries: (reading) =>
      appEntries({ app, root: input.appDir.slice(1), uid: builder.uid, gid: builder.gid, filter: project?.descriptor ?? {}, ...reading }),
    appStatus: (reading) => appStatus(app, project?.descriptor ?? {}, reading),
    withoutSystemBuildpacks: options.disableSystemBuildpacks,
    env: input.env,
    bindings: [...(options.bindings ?? []), ...input.bindings, ...(certificates.length > 0 ? [caBinding(certificates)] : [])],
    secrets: input.secrets,
    caCertificates: certificates.length > 0 ? Buffer.concat(certificates.flatMap(({ pem }) => [pem, Buffer.from('\n')])) : undefined,
    projectMetadata: projectMetadataToml(project, options.sourceMetadata ?? input.source),
    clearCache: options.clearCache ?? false,
    execEnv: execEnvFor(platformApi, input.execEnv, context.events),
    creationTime: input.creationTime,
    labels: input.labels,
    annotations: parseAnnotations(options.annotations ?? [], { sinks, isIndex: options.part ?? false }, context),
    defaultProcess: options.defaultProcess,
    previousImage: options.previousImage,
    network: options.network,
    ...(builder.uid === found.builder.uid && builder.gid === found.builder.gid ? {} : { user: `${builder.uid}:${builder.gid}` }),
    usernsHost: options.usernsHost,
    appDir: input.appDir,
    volumes: input.volumes,
    proxyEnv: proxyEnv(host.env),
    limits: input.limits,
    ...keeping,
    dockerHost: options.dockerHost,
    sbomOutputDir: absolute(options.sbomOutputDir),
    reportOutputDir: absolute(options.reportOutputDir),
    verbose: options.verbose ?? false,
    keepOnFailure: options.keepOnFailure,
    explain: options.explain ?? false,
  }
  return { start, complete: (outside) => completePlan(start, input, services, outside, context) }
}

async function completePlan(start: BuildStart, input: BuildInput, services: PlanServices, { publishing, sources }: PlanOutside, context: Context): Promise<BuildPlan> {
  const { options, image, tags, project, config } = input
  const { builder, platformApi } = start
  const { buildpacks = [], preBuildpacks: pre = [], postBuildpacks: post = [], extensions = [], reversePre } = options
  const wanted = { buildpacks, pre, post, reversePre, extensions, project }
  const checkPlatform = async (): Promise<void> => (input.platform ? undefined : checkEnginePlatform(builder, services, context))
  // Engines run programs to describe themselves, which delays the start of the container: not for a builder that is most likely right.
  const isUsual = platformMatches(builder.image.platform, services.platform)
  const [, ofRunImage, chosen] = await inOrder(
    isUsual ? undefined : checkPlatform(),
    findRunImageOf(input, start, services, publishing, context),
    chooseBuildpacks(wanted, { builder, sources, cwd: services.host.cwd }, context),
    publishing && checkPublishing(publishing, [image, ...tags], context),
  )
  await checkPlatform()
  const trust = judgeTrust({ asked: options.trustBuilder, builder, trustedBuilders: config.trustedBuilders, external: chosen.external && !options.trustExtraBuildpacks })
  const isStock = options.lifecycle === 'stock'
  if (isStock) explainTrust(options, builder, trust.builder, context)
  if (isStock && trust.builder && !trust.creator && chosen.external) context.events?.({ type: 'info', message: 'each phase runs in a separate container, because the build adds buildpacks to the builder' })
  const phaseImage = await findPhaseImage(
    { option: options.lifecycleImage, configured: config.lifecycleImage, isStock, creator: trust.creator, platformApi, policy: input.pullPolicy },
    { ...services, mirrors: input.registry.mirrors, platform: builder.image.platform },
    context,
  )
  return {
    ...start,
    ...ofRunImage,
    builder: withExtensions(builder, chosen),
    order: chosen.order,
    buildpacks: chosen.added,
    trusted: trust.creator,
    phaseImage,
  }
}

/** Returns the volumes of the image's cache, or of the user's key. The record of --if-changed is always the image's. */
async function volumesOf(image: Tag, key: Tag | undefined, host: Host): Promise<CacheVolumes> {
  const own = cacheVolumes(image, await volumeKey(image, host))
  return key ? { ...cacheVolumes(key, await volumeKey(key, host)), inputs: own.inputs } : own
}

/** Waits for all. @throws the error of the first that fails */
async function inOrder<T extends readonly unknown[]>(...all: { [K in keyof T]: Promise<T[K]> | T[K] }): Promise<T> {
  await Promise.allSettled(all)
  return Promise.all(all)
}

/** Returns the builder with the user's extensions, if the user chose any. */
function withExtensions(builder: Builder, { order, added }: ChosenBuildpacks): Builder {
  if (!order) return builder
  const extensions = added.filter(({ descriptor }) => descriptor.kind === 'extension').map(({ descriptor }) => descriptor.info)
  return { ...builder, orderExtensions: order.extensions, extensions: [...builder.extensions, ...extensions] }
}

/** Returns the builder with the user and group of --uid and --gid. */
function withUser(builder: Builder, { uid = builder.uid, gid = builder.gid }: PlatformBuildOptions): Builder {
  return uid === builder.uid && gid === builder.gid ? builder : { ...builder, uid, gid }
}

function warnOfOldApi(options: PlatformBuildOptions, api: ApiVersion, context: Context): void {
  if (options.creationTime === undefined || hasFeature(api, 'creationTime')) return
  context.events?.({ type: 'warning', message: `--creation-time is ignored: it requires Platform API ${sinceApi('creationTime')}, but this build uses ${formatApiVersion(api)}` })
}
