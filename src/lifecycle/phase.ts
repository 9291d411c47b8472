/** Binary, flags, user and mounts of each phase (specification, platform.md, the phases' sections). */

import { hasFeature } from '../formats/api-features.ts'
import { formatApiVersion } from '../formats/versions.ts'
import { familiarName, formatReference } from '../oci/reference.ts'
import type { BuildPlan, BuildStart } from './lifecycle.ts'

export const DEFAULT_APP_DIR = '/workspace'
export const LAYERS_DIR = '/layers'
export const CACHE_DIR = '/cache'
export const LAUNCH_CACHE_DIR = '/launch-cache'
const RUN_TOML = `${LAYERS_DIR}/run.toml`
const STACK_TOML = `${LAYERS_DIR}/stack.toml`

/** Returns the app's directory in the containers of a build. */
export function appDirOf({ appDir = DEFAULT_APP_DIR }: Pick<BuildPlan, 'appDir'>): string {
  return appDir
}

export type Phase = 'creator' | 'analyzer' | 'detector' | 'restorer' | 'builder' | 'exporter'

/** The container of one phase. A phase that runs buildpacks has no access to the engine, except `creator`. */
export interface PhaseSpec {
  readonly phase: Phase
  readonly args: readonly string[]
  readonly env: readonly string[]
  /** Whether it starts as root, for phases that access the engine and then switch to the build user; otherwise the image's user. */
  readonly root: boolean
  readonly engineAccess: boolean
  readonly runsBuildpacks: boolean
  readonly caches: readonly ('build' | 'launch')[]
}

/**
 * Returns the phases of a build in order: one container for a trusted builder, otherwise one container for each phase.
 * @param skipLayers whether store.toml is the only thing to restore from earlier builds
 */
export function phasesOf(plan: BuildPlan, skipLayers = plan.clearCache): readonly PhaseSpec[] {
  if (plan.trusted) return [creator(plan, skipLayers)]
  return [analyzer(plan, skipLayers), detector({ ...plan, verbose: isDetectorVerbose(plan) }), restorer(plan, skipLayers), builder(plan), exporter(plan)]
}

function creator(plan: BuildPlan, skipLayers: boolean): PhaseSpec {
  return {
    phase: 'creator',
    args: [
      ...logLevel(plan),
      '-daemon',
      ...userFlags(plan),
      ...['-app', appDirOf(plan), '-cache-dir', CACHE_DIR, '-launch-cache', LAUNCH_CACHE_DIR],
      ...['-run-image', plan.runImage.name],
      ...runImagesFile(plan),
      ...plan.tags.flatMap((tag) => ['-tag', familiarName(tag)]),
      ...(plan.previousImage ? ['-previous-image', plan.previousImage] : []),
      ...(plan.defaultProcess ? ['-process-type', plan.defaultProcess] : []),
      ...(skipLayers ? ['-skip-restore'] : []),
      imageName(plan),
    ],
    env: [...commonEnv(plan), ...systemPath(plan), ...creationTime(plan)],
    root: true,
    engineAccess: true,
    runsBuildpacks: true,
    caches: ['build', 'launch'],
  }
}

function analyzer(plan: BuildPlan, skipLayers: boolean): PhaseSpec {
  const hasLaunchCache = hasFeature(plan.platformApi, 'analyzerLaunchCache')
  return {
    phase: 'analyzer',
    args: [
      ...logLevel(plan),
      '-daemon',
      ...userFlags(plan),
      ...['-run-image', plan.runImage.name],
      ...runImagesFile(plan),
      ...plan.tags.flatMap((tag) => ['-tag', familiarName(tag)]),
      ...(plan.previousImage ? ['-previous-image', plan.previousImage] : []),
      ...(hasLaunchCache ? ['-launch-cache', LAUNCH_CACHE_DIR] : []),
      ...(hasLaunchCache && skipLayers ? ['-skip-layers'] : []),
      imageName(plan),
    ],
    env: commonEnv(plan),
    root: true,
    engineAccess: true,
    runsBuildpacks: false,
    caches: hasLaunchCache ? ['launch'] : [],
  }
}

/** Whether the detector logs at level debug: only then it prints the results of failed groups if another group passed. */
export function isDetectorVerbose({ verbose, explain = false }: BuildStart): boolean {
  return verbose || explain
}

/** Returns the detector phase, which the native driver runs as well. */
export function detector(plan: BuildStart): PhaseSpec {
  return {
    phase: 'detector',
    args: [...logLevel(plan), '-app', appDirOf(plan)],
    env: [...commonEnv(plan), ...systemPath(plan)],
    root: false,
    engineAccess: false,
    runsBuildpacks: true,
    caches: [],
  }
}

function restorer(plan: BuildPlan, skipLayers: boolean): PhaseSpec {
  const api = plan.platformApi
  return {
    phase: 'restorer',
    args: [
      ...logLevel(plan),
      ...(hasFeature(api, 'restorerDaemon') ? ['-daemon'] : []),
      ...(hasFeature(api, 'restorerRunToml') ? ['-run', RUN_TOML] : []),
      ...userFlags(plan),
      ...['-cache-dir', CACHE_DIR],
      ...(skipLayers ? ['-skip-layers'] : []),
    ],
    env: commonEnv(plan),
    root: true,
    engineAccess: hasFeature(api, 'restorerDaemon'),
    runsBuildpacks: false,
    caches: ['build'],
  }
}

function builder(plan: BuildPlan): PhaseSpec {
  return {
    phase: 'builder',
    args: [...logLevel(plan), '-app', appDirOf(plan)],
    env: commonEnv(plan),
    root: false,
    engineAccess: false,
    runsBuildpacks: true,
    caches: [],
  }
}

function exporter(plan: BuildPlan): PhaseSpec {
  return {
    phase: 'exporter',
    args: [
      ...logLevel(plan),
      '-daemon',
      ...userFlags(plan),
      ...['-app', appDirOf(plan), '-cache-dir', CACHE_DIR, '-launch-cache', LAUNCH_CACHE_DIR],
      ...runImagesFile(plan),
      ...(plan.defaultProcess ? ['-process-type', plan.defaultProcess] : []),
      imageName(plan),
      ...plan.tags.map(familiarName),
    ],
    env: [...commonEnv(plan), ...creationTime(plan)],
    root: true,
    engineAccess: true,
    runsBuildpacks: false,
    caches: ['build', 'launch'],
  }
}

function imageName(plan: BuildPlan): string {
  return plan.image.digest ? formatReference(plan.image) : familiarName(plan.image)
}

function logLevel(plan: BuildStart): string[] {
  return plan.verbose ? ['-log-level', 'debug'] : []
}

/** The user of --uid and --gid, for phases that start as root. */
function userFlags({ user }: BuildPlan): string[] {
  const [uid = '', gid = ''] = user?.split(':') ?? []
  return user === undefined ? [] : ['-uid', uid, '-gid', gid]
}

/** run.toml replaced stack.toml in Platform API 0.12. */
function runImagesFile(plan: BuildPlan): string[] {
  return hasFeature(plan.platformApi, 'runToml') ? ['-run', RUN_TOML] : ['-stack', STACK_TOML]
}

/** The path of an empty system.toml (platform-files.ts), instead of the builder's in /cnb. */
function systemPath(plan: BuildStart): string[] {
  return plan.withoutSystemBuildpacks ? [`CNB_SYSTEM_PATH=${LAYERS_DIR}/system.toml`] : []
}

function creationTime(plan: BuildPlan): string[] {
  return plan.creationTime === undefined ? [] : [`SOURCE_DATE_EPOCH=${plan.creationTime}`]
}

function commonEnv(plan: BuildStart): string[] {
  return [
    `CNB_PLATFORM_API=${formatApiVersion(plan.platformApi)}`,
    ...(hasFeature(plan.platformApi, 'execEnv') ? [`CNB_EXEC_ENV=${plan.execEnv}`] : []),
    // Before 0.13 the detector refuses extensions unless experimental features are allowed.
    ...(plan.builder.orderExtensions.length > 0 && !hasFeature(plan.platformApi, 'stableExtensions') ? ['CNB_EXPERIMENTAL_MODE=warn'] : []),
    ...plan.proxyEnv,
  ]
}
