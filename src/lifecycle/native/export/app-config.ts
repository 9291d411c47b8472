/** The app's image configuration, as in lifecycle phase/exporter.go and imgutil cnb_image.go. */

import { posix } from 'node:path'
import { hasFeature } from '../../../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../../../formats/versions.ts'
import type { Image, Layer } from '../../../images/image.ts'
import type { ContainerConfig, HistoryEntry, ImageConfig } from '../../../oci/config.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { DEFAULT_APP_DIR, LAYERS_DIR } from '../../phase.ts'

/** A layer on top of the run image's, with its history text. */
export interface AddedLayer {
  readonly layer: Layer
  readonly createdBy: string
}

export interface AppSettings {
  readonly base: Image
  /** The run image's container settings as changed by extensions. */
  readonly extendedSettings?: ContainerConfig
  readonly added: readonly AddedLayer[]
  /** Labels to set, in this order. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  /** The process that a container starts; if undefined, the container's command selects it. */
  readonly defaultProcess: string | undefined
  readonly platformApi: ApiVersion
  /** The app's directory; default: DEFAULT_APP_DIR. */
  readonly appDir?: string
  /** Seconds since 1970. */
  readonly creationTime: number | undefined
}

/** Fields of the run image that the lifecycle preserves; for an image on an engine it sees only the first three. */
const INHERITED = ['variant', 'author', 'os.version', 'os.features', 'docker_version'] as const

export function appConfig(settings: AppSettings): ImageConfig {
  const { base, added, platformApi } = settings
  const time = hasFeature(platformApi, 'creationTime') ? (settings.creationTime ?? CONSTANT_MTIME) : CONSTANT_MTIME
  const created = new Date(time * 1000).toISOString().replace('.000Z', 'Z')
  return {
    architecture: base.config.architecture,
    os: base.config.os,
    ...Object.fromEntries(INHERITED.flatMap((key) => (base.config[key] ? [[key, base.config[key]]] : []))),
    created,
    config: containerConfig(settings),
    rootfs: { type: 'layers', diff_ids: [...base.layers, ...added.map(({ layer }) => layer)].map(({ diffId }) => diffId) },
    history: historyOf(settings).map((entry) => ({ ...entry, created })),
  }
}

/** Returns one entry for each layer; before Platform API 0.12 the entries are empty. */
function historyOf({ base, added, platformApi }: AppSettings): HistoryEntry[] {
  if (!hasFeature(platformApi, 'runImageHistory')) return [...base.layers, ...added].map(() => ({}))
  const ofBase = (base.config.history ?? []).filter(({ empty_layer }) => !empty_layer)
  return [
    ...(ofBase.length === base.layers.length ? ofBase : base.layers.map((): HistoryEntry => ({}))),
    ...added.map(({ createdBy }) => ({ created_by: createdBy })),
  ]
}

function containerConfig({ base, extendedSettings, labels, defaultProcess, platformApi, appDir = DEFAULT_APP_DIR }: AppSettings): ContainerConfig {
  const { Cmd: _, ...inherited } = extendedSettings ?? base.config.config
  return {
    ...inherited,
    Entrypoint: [defaultProcess === undefined ? '/cnb/lifecycle/launcher' : posix.join('/cnb/process', defaultProcess)],
    WorkingDir: appDir,
    Env: launchEnv(inherited.Env ?? [], platformApi, appDir),
    Labels: Object.fromEntries([...Object.entries(inherited.Labels ?? {}), ...labels]),
  }
}

function launchEnv(base: readonly string[], api: ApiVersion, appDir: string): string[] {
  const path = base.map((variable) => variable.split('=')).find(([name, , more]) => name === 'PATH' && more === undefined)?.[1]
  const set = [
    ['CNB_LAYERS_DIR', LAYERS_DIR],
    ['CNB_APP_DIR', appDir],
    ['CNB_PLATFORM_API', formatApiVersion(api)],
    ['CNB_DEPRECATION_MODE', 'quiet'],
    // Like the lifecycle, treats a PATH that contains an equals sign as empty.
    ['PATH', `/cnb/process:/cnb/lifecycle:${path ?? ''}`],
  ] as const
  return set.reduce(withVariable, [...base])
}

/** Replaces the first variable of that name, or appends it. */
function withVariable(env: string[], [name, value]: readonly [string, string]): string[] {
  const at = env.findIndex((variable) => variable.split('=')[0] === name)
  return at < 0 ? [...env, `${name}=${value}`] : env.with(at, `${name}=${value}`)
}
