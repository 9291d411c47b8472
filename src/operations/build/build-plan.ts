/** Creates a build plan from the input of `cnb build`. */

import { resolve } from 'node:path'
import type { Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { hasFeature, sinceApi } from '../../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../../formats/versions.ts'
import { cacheVolumes, volumeKey } from '../../lifecycle/cache-volumes.ts'
import { execEnvFor } from '../../lifecycle/exec-env.ts'
import type { BuildPlan } from '../../lifecycle/lifecycle.ts'
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
import { findPhaseImage, judgeTrust } from './build-trust.ts'
import { proxyEnv } from './build-values.ts'
import { cacheSuffix, chooseCaches } from './platforms/platform-caches.ts'
import { isEngineOnly } from './build-sinks.ts'
import { findBuilderOf, findRunImageOf } from './found-images.ts'
import type { EngineServices } from '../services.ts'

/** The services of a plan besides the engine. */
export interface PlanOutside {
  /** Absent if the build uses the engine only. */
  readonly publishing?: Publishing
  /** The sources of buildpacks and extensions, which must stay open until the end of the build. */
  readonly sources: ModuleSources
}

/** Plans a build. @throws CnbError with almost any code except those of phases */
export async function planBuild(
  input: BuildInput,
  services: EngineServices,
  { publishing, sources }: PlanOutside,
  context: Context,
): Promise<BuildPlan> {
  const { host } = services
  const { options, image, tags, app, project, config, cache, certificates } = input
  // Runs concurrently with the search for images: the result is needed only before anything is created.
  const allowed = publishing && checkPublishing(publishing, [image, ...tags], context)
  allowed?.catch(() => {})
  const found = await findBuilderOf(input, services, context)
  const { platformApi } = found
  const { buildpacks = [], preBuildpacks: pre = [], postBuildpacks: post = [], extensions = [], reversePre } = options
  const wanted = { buildpacks, pre, post, reversePre, extensions, project }
  const [ofRunImage, chosen] = await inOrder(
    findRunImageOf(input, found, services, publishing, context),
    chooseBuildpacks(wanted, { builder: found.builder, sources, cwd: host.cwd }, context),
  )
  const builder = withUser(withExtensions(found.builder, chosen), options)
  warnOfOldApi(options, platformApi, context)

  const key = await volumeKey(image, host)
  await allowed
  const suffix = cacheSuffix(input.platform, (await services.engine.info(context)).platform)
  const keeping = chooseCaches(cacheVolumes(image, key), cache, suffix, options.part ?? false)
  explainCache(options, keeping, context)
  const trust = judgeTrust({ asked: options.trustBuilder, builder, trustedBuilders: config.trustedBuilders, external: chosen.external && !options.trustExtraBuildpacks })
  const isStock = options.lifecycle === 'stock'
  if (isStock) explainTrust(options, builder, trust.builder, context)
  if (isStock && trust.builder && !trust.creator && chosen.external) context.events?.({ type: 'info', message: 'each phase runs in a separate container, because the build adds buildpacks to the builder' })
  const phaseImage = await findPhaseImage(
    { option: options.lifecycleImage, configured: config.lifecycleImage, isStock, creator: trust.creator, platformApi, policy: input.pullPolicy },
    { ...services, mirrors: input.registry.mirrors, platform: builder.image.platform },
    context,
  )
  const absolute = (directory: string | undefined) => (directory === undefined ? undefined : resolve(host.cwd, directory))
  return {
    image,
    tags,
    ...ofRunImage,
    platformApi,
    builder,
    platform: input.platform,
    leavesEngine: publishing !== undefined && !isEngineOnly(publishing.sinks),
    appEntries: (reading) =>
      appEntries({ app, root: input.appDir.slice(1), uid: builder.uid, gid: builder.gid, filter: project?.descriptor ?? {}, ...reading }),
    appStatus: (reading) => appStatus(app, project?.descriptor ?? {}, reading),
    order: chosen.order,
    withoutSystemBuildpacks: options.disableSystemBuildpacks,
    buildpacks: chosen.added,
    env: input.env,
    bindings: certificates.length > 0 ? [caBinding(certificates)] : [],
    caCertificates: certificates.length > 0 ? Buffer.concat(certificates.flatMap(({ pem }) => [pem, Buffer.from('\n')])) : undefined,
    projectMetadata: projectMetadataToml(project),
    trusted: trust.creator,
    phaseImage,
    clearCache: options.clearCache ?? false,
    execEnv: execEnvFor(platformApi, input.execEnv, context.events),
    creationTime: input.creationTime,
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
    explain: options.explain ?? false,
  }
}

/** Waits for both. @throws the error of the first if both fail */
async function inOrder<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second])
  return [await first, await second]
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
