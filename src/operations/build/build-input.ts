/** The input of a build that needs no engine: options, app, project.toml, configuration file. */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { decidePullPolicy, type PullPolicy } from '../../images/find/find-image.ts'
import { DEFAULT_EXEC_ENV, parseExecEnv } from '../../lifecycle/exec-env.ts'
import { DEFAULT_APP_DIR } from '../../lifecycle/phase.ts'
import type { BuildPlan } from '../../lifecycle/lifecycle.ts'
import { isImageId } from '../../oci/digest.ts'
import type { Platform } from '../../oci/platform.ts'
import { familiarName, parseReference, parseTags, type Tag } from '../../oci/reference.ts'
import { type App, checkApp } from '../../project/app.ts'
import type { Binding } from '../../project/binding.ts'
import { CA_CERTIFICATES } from '../../project/platform-directory.ts'
import { readBindings } from '../../project/read-bindings.ts'
import { readSecrets } from '../../project/read-secrets.ts'
import type { Secret } from '../../project/secret.ts'
import { SECRETS_DIR } from '../../lifecycle/secrets/secret-input.ts'
import { NO_BUILDER } from '../builder/no-builder.ts'
import { readConfig } from '../config/config-file.ts'
import type { Config } from '../config/config.ts'
import { registrySettings } from '../config/registry-settings.ts'
import { readCertificates } from '../config/user-files.ts'
import { parsePlatform } from '../parse-platform.ts'
import type { Host, RegistrySettings } from '../services.ts'
import type { PlatformBuildOptions } from './build-options.ts'
import { type Project, readBuildEnv, readProject } from './build-project.ts'
import { readGitMetadata } from './git/git-metadata.ts'
import { parseCpus, parseCreationTime, parseLabels, parseMemory, parseVolume, parseWorkspace } from './build-values.ts'
import { type CacheChoice, chooseCache } from './cache-option.ts'

export interface BuildInput extends Pick<BuildPlan, 'creationTime' | 'labels' | 'volumes' | 'limits' | 'env'> {
  /** The options as typed. */
  readonly options: PlatformBuildOptions
  readonly image: Tag
  readonly tags: readonly Tag[]
  readonly app: App
  readonly project: Project | undefined
  readonly config: Config
  /** The builder's name from the options, project.toml or the configuration file. */
  readonly builder: string
  readonly platform: Platform | undefined
  readonly pullPolicy: PullPolicy
  readonly registry: RegistrySettings
  readonly execEnv: string
  readonly cache: CacheChoice
  /** The app's directory in the containers. */
  readonly appDir: string
  readonly bindings: readonly Binding[]
  readonly secrets: readonly Secret[]
  /** From the git repository of the app. */
  readonly source: object | undefined
  /** PEM files of private CAs. */
  readonly certificates: readonly { readonly file: string; readonly pem: Buffer }[]
}

/** Reads and validates the input. @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID, CNB_DESCRIPTOR_INVALID, CNB_APP_INVALID */
export async function readInput(options: PlatformBuildOptions, host: Host, context: Context): Promise<BuildInput> {
  const [image, ...tags] = parseTags(options.image, options.tags)
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  const creationTime = options.creationTime === undefined ? undefined : parseCreationTime(options.creationTime, Date.now)
  const given = parseLabels(options.labels ?? [])
  if ((given.size > 0 || options.gitLabels) && options.lifecycle === 'stock') {
    throw new CnbError('CNB_UNSUPPORTED', `${given.size > 0 ? '--label' : '--git-labels'} cannot be used with the stock lifecycle, which writes the image itself`, { hint: "Leave out '--lifecycle stock'." })
  }
  if (options.keepOnFailure && options.lifecycle === 'stock') {
    throw new CnbError('CNB_UNSUPPORTED', 'the stock lifecycle keeps no container of a failed build', { hint: 'Omit --lifecycle or --keep-on-failure.' })
  }
  const appDir = options.workspace === undefined ? DEFAULT_APP_DIR : parseWorkspace(options.workspace)
  const volumes = (options.volumes ?? []).map((text) => parseVolume(text, host.cwd, context.events, appDir))
  if (options.uid === 0) throw new CnbError('CNB_USAGE', '--uid 0 is root, and buildpacks must not run as root', { hint: 'Use another user ID.' })
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
  const bindings = await readBindings(options.bindingDirs ?? [], host.cwd, context)
  if (certificates.length > 0 && bindings.some(({ name }) => name === CA_CERTIFICATES)) {
    throw new CnbError('CNB_USAGE', `--binding and --ca-cert both make the binding '${CA_CERTIFICATES}'`, { hint: 'Use another name for the binding.' })
  }
  const secrets = await readSecrets(options.secrets ?? [], host, context)
  if (secrets.length > 0 && volumes.some(({ target }) => `${target}/`.startsWith(`${SECRETS_DIR}/`))) {
    throw new CnbError('CNB_USAGE', `--volume and --secret both mount ${SECRETS_DIR}`, { hint: 'Mount the volume elsewhere.' })
  }
  const config = await readConfig(host, context)
  const isNative = options.lifecycle !== 'stock'
  const git = isNative && !app.archive && (options.gitLabels ?? config.gitLabels) ? await readGitMetadata(app.path, options.gitLabels ?? false, host, context) : undefined
  const labels = new Map([...(git?.labels ?? []), ...given])
  const pullPolicy = decidePullPolicy(options.pullPolicy, config, context)
  const registry = registrySettings(options, config, certificates)
  const builder = builderName(options, project, config, context)
  refuseNameOf(builder, [image, ...tags])
  return { options, image, tags, platform, creationTime, labels, volumes, limits, cache, appDir, app, execEnv, project, env, bindings, secrets, source: git?.source, certificates, config, pullPolicy, registry, builder }
}

/** The image would replace the builder under its name. @throws CnbError CNB_USAGE */
function refuseNameOf(builder: string, tags: readonly Tag[]): void {
  if (isImageId(builder)) return
  const name = familiarName(parseReference(builder))
  if (tags.some((tag) => familiarName(tag) === name)) throw new CnbError('CNB_USAGE', `cannot name the image '${name}': it is the name of the builder`, { hint: 'Use another name for the image.' })
}

function builderName(options: PlatformBuildOptions, project: Project | undefined, config: Config, context: Context): string {
  const name = options.builder ?? project?.descriptor.builder ?? config.defaultBuilder
  if (name !== undefined) {
    const configured = config.setBy?.['default-builder-image'] ?? 'default-builder-image in the configuration file'
    const source = options.builder !== undefined ? '--builder' : project?.descriptor.builder !== undefined ? project.file : configured
    decide(context, { kind: 'builder', name }, 'chosen', `${source} selects it`)
    return name
  }
  throw new CnbError('CNB_USAGE', NO_BUILDER, {
    hint: "Specify one with --builder, in project.toml with 'builder = \"…\"' below [io.buildpacks], or with 'cnb config default-builder'. 'cnb builder suggest' lists public ones.",
  })
}
