/** From the options of `cnb build` to a plan: everything that can be wrong with the input is found here, before the first container. */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { isTrusted } from '../../builder/trust.ts'
import { hasFeature, sinceApi } from '../../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../../formats/versions.ts'
import { describeEngineImages } from '../../images/engine/engine-source.ts'
import { DEFAULT_PULL_POLICY, findImage } from '../../images/find/pull.ts'
import { cacheVolumes, volumeKey } from '../../lifecycle/cache-volumes.ts'
import { DEFAULT_EXEC_ENV, execEnvFor, parseExecEnv } from '../../lifecycle/exec-env.ts'
import type { BuildPlan, CacheVolumes } from '../../lifecycle/lifecycle.ts'
import { negotiatePlatformApi } from '../../lifecycle/platform-api.ts'
import { isDigest } from '../../oci/digest.ts'
import { parseTag } from '../../oci/reference.ts'
import { appEntries, checkApp } from '../../project/app.ts'
import { caBinding } from '../../project/platform-files.ts'
import type { BuildOptions } from './build-options.ts'
import { findBuilder, findRunImage, refuseOtherStack, runImagesFor, type RunImageSearch } from './build-images.ts'
import { checkPublishing, findPublished, type Publishing } from './build-store.ts'
import { chooseBuildpacks } from './build-order.ts'
import { type Project, projectMetadataToml, readBuildEnv, readProject } from './build-project.ts'
import { parseCpus, parseCreationTime, parseMemory, parsePlatform, parseVolume, proxyEnv } from './build-values.ts'
import { type CacheChoice, chooseCache } from './cache-option.ts'
import { readConfig } from '../config/config-file.ts'
import type { Config } from '../config/config.ts'
import { isEngineOnly } from './build-sinks.ts'
import { chooseMirrors } from '../config/registry-settings.ts'
import type { EngineServices } from '../services.ts'
import { readCertificates } from '../config/user-files.ts'

/** @throws CnbError of nearly every code that is not a phase's */
export async function planBuild(
  options: BuildOptions,
  services: EngineServices,
  publishing: Publishing | undefined,
  context: Context,
): Promise<BuildPlan> {
  const { host } = services
  const fromUser = await readOptions(options, services, context)
  const { image, app, project, platform, certificates } = fromUser

  const config = await readConfig(host, context)
  const policy = options.pullPolicy ?? config.pullPolicy ?? DEFAULT_PULL_POLICY
  const pulling = { ...services, mirrors: chooseMirrors(options, config) }
  // Asked for beside all else: it need not be known before something is made.
  const allowed = publishing && checkPublishing(publishing, [image, ...fromUser.tags], context)
  allowed?.catch(() => {})
  const builder = await findBuilder(builderName(options, project, config), policy, platform, pulling, context)
  const platformApi = negotiatePlatformApi(builder)
  const runImages: RunImageSearch = {
    app: image,
    ...{ builder, config },
    find:
      publishing && !publishing.sinks.some(({ store }) => store === 'engine') && policy !== 'never'
        ? findPublished(publishing.registries, describeEngineImages(services.engine), builder.image.platform)
        : (name, finding) => findImage(name, policy, { ...pulling, platform: builder.image.platform }, finding),
  }
  const runImage = await findRunImage(options.runImage, runImages, services, context)
  refuseOtherStack(builder, runImage, platformApi)
  const chosen = await chooseBuildpacks(options.buildpacks ?? [], project, builder, host.cwd, context)
  warnOfOldApi(options, platformApi, context)

  const key = await volumeKey(image, host)
  await allowed
  const absolute = (directory: string | undefined) => (directory === undefined ? undefined : resolve(host.cwd, directory))
  return {
    image,
    tags: fromUser.tags,
    builder,
    platform,
    platformApi,
    runImage,
    findRunImage: (name, finding) => findRunImage(name, runImages, services, finding),
    engineId: async ({ id }, finding) =>
      isDigest(id) ? id : (await findImage(id, 'if-not-present', { ...pulling, platform: builder.image.platform }, finding)).id,
    published: publishing !== undefined && !isEngineOnly(publishing.sinks),
    runImages: runImagesFor(runImage, builder, config),
    appEntries: (reading) =>
      appEntries({ app, root: 'workspace', uid: builder.uid, gid: builder.gid, filter: project?.descriptor ?? {}, ...reading }),
    order: chosen.order,
    buildpacks: chosen.added,
    env: fromUser.env,
    bindings: certificates.length > 0 ? [caBinding(certificates)] : [],
    caCertificates: certificates.length > 0 ? Buffer.concat(certificates.flatMap(({ pem }) => [pem, Buffer.from('\n')])) : undefined,
    projectMetadata: projectMetadataToml(project),
    trusted: trusts(options, builder, chosen.external, config, context),
    clearCache: options.clearCache ?? false,
    execEnv: execEnvFor(platformApi, fromUser.execEnv, context.events),
    creationTime: fromUser.creationTime,
    defaultProcess: options.defaultProcess,
    previousImage: options.previousImage,
    network: options.network,
    volumes: fromUser.volumes,
    proxyEnv: proxyEnv(host.env),
    limits: fromUser.limits,
    cacheVolumes: chosenVolumes(cacheVolumes(image, key), fromUser.cache),
    cacheDirectory: fromUser.cache.buildDirectory,
    cacheImage: fromUser.cache.buildImage,
    dockerHost: options.dockerHost,
    sbomOutputDir: absolute(options.sbomOutputDir),
    reportOutputDir: absolute(options.reportOutputDir),
    verbose: options.verbose ?? false,
  }
}

/** The part that needs no engine. */
async function readOptions(options: BuildOptions, { host }: EngineServices, context: Context) {
  const image = parseTag(options.image)
  const tags = (options.tags ?? []).map((tag) => parseTag(tag))
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  const creationTime = options.creationTime === undefined ? undefined : parseCreationTime(options.creationTime, Date.now)
  const volumes = (options.volumes ?? []).map((text) => parseVolume(text, host.cwd, context.events))
  const limits = {
    memory: options.memory === undefined ? undefined : parseMemory(options.memory),
    cpus: options.cpus === undefined ? undefined : parseCpus(options.cpus),
    pids: options.pidsLimit,
  }
  const cache = chooseCache(options, host.cwd)
  const app = await checkApp(resolve(host.cwd, options.path ?? '.'), context)
  const execEnv = parseExecEnv(options.execEnv ?? DEFAULT_EXEC_ENV)
  const project = await readProject({ file: options.descriptor, app, execEnv }, host, context)
  const env = await readBuildEnv(options, { project, app: app.path }, host, context)
  const certificates = await readCertificates(options.caCerts ?? [], host, context)
  return { image, tags, platform, creationTime, volumes, limits, cache, execEnv, app, project, env, certificates }
}

/** A build volume of the user's own brings the native driver's along: they are of one cache. */
function chosenVolumes(own: CacheVolumes, { buildVolume, launchVolume }: CacheChoice): CacheVolumes {
  return {
    ...own,
    ...(buildVolume === undefined ? {} : ofBuildVolume(buildVolume)),
    ...(launchVolume === undefined ? {} : { launch: launchVolume }),
  }
}

function ofBuildVolume(build: string): Omit<CacheVolumes, 'launch'> {
  return { build, layers: `${build}.layers`, state: `${build}.state`, kaniko: `${build}.kaniko`, chosen: true }
}

function builderName(options: BuildOptions, project: Project | undefined, config: Config): string {
  const name = options.builder ?? project?.descriptor.builder ?? config.defaultBuilder
  if (name !== undefined) return name
  throw new CnbError('CNB_USAGE', 'no builder is named', {
    hint: "Name one with --builder, in project.toml with 'builder = \"…\"' below [io.buildpacks], or in ~/.cnb/config.toml with 'default-builder-image = \"…\"'.",
  })
}

/** A user's trust in the builder does not reach buildpacks that come from elsewhere, nor can `creator` run extensions. */
function trusts(options: BuildOptions, builder: Builder, external: boolean, config: Config, context: Context): boolean {
  const trusted = options.trustBuilder ?? isTrusted(builder.image.reference, config.trustedBuilders)
  if (!trusted) return false
  if (external) context.events?.({ type: 'info', message: 'buildpacks were added: each phase runs in a container of its own' })
  return !external && builder.orderExtensions.length === 0
}

function warnOfOldApi(options: BuildOptions, api: ApiVersion, context: Context): void {
  if (options.creationTime === undefined || hasFeature(api, 'creationTime')) return
  context.events?.({ type: 'warning', message: `--creation-time needs Platform API ${sinceApi('creationTime')}, this builder has ${formatApiVersion(api)}: it is ignored` })
}
