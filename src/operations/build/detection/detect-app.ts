/** `cnb plan DIR`: the buildpacks and images that a build of an app would use, by detection only. */

import type { CnbError } from '../../../base/errors.ts'
import type { CnbEvent, Context } from '../../../base/events.ts'
import { measured } from '../../../base/spans.ts'
import { formatApiVersion } from '../../../formats/versions.ts'
import { openEngineImages } from '../../../images/engine/engine-source.ts'
import type { Image } from '../../../images/image.ts'
import type { BuildPlan } from '../../../lifecycle/lifecycle.ts'
import type { PlannedDependency } from '../../../lifecycle/native/detection/build-plan-toml.ts'
import type { DetectOutput, TriedGroup } from '../../../lifecycle/native/detection/detector-log.ts'
import { runDetection } from '../../../lifecycle/native/detection/run-detection.ts'
import { formatPlatform } from '../../../oci/platform.ts'
import { openDownloadSession } from '../../downloads.ts'
import { chooseRegistry } from '../../packages/buildpack-registry.ts'
import { openModuleSources } from '../../packages/open-module-sources.ts'
import type { EngineServices, RegistryServices } from '../../services.ts'
import { readInput } from '../build-input.ts'
import type { BuildOptions } from '../build-options.ts'
import { planBuild } from '../build-plan.ts'
import { checkEmulation } from '../platforms/emulation.ts'

/** The options of `build` that detection depends on. */
export type DetectOptions = Pick<
  BuildOptions,
  | 'path' | 'descriptor' | 'env' | 'envFiles' | 'execEnv' | 'builder' | 'runImage' | 'pullPolicy' | 'buildpacks' | 'preBuildpacks' | 'postBuildpacks' | 'extensions'
  | 'disableSystemBuildpacks' | 'buildpackRegistry' | 'network' | 'volumes' | 'bindingDirs' | 'caCerts' | 'workspace' | 'uid' | 'gid' | 'usernsHost' | 'memory' | 'cpus'
  | 'pidsLimit' | 'insecureRegistries' | 'registryMirrors' | 'verbose'
> & { platform?: string }

type Decision = Extract<CnbEvent, { type: 'decision' }>

interface UsedImage {
  image: string
  /** The engine's ID. */
  id: string
  /** `repository@sha256:…`, if the engine has them. */
  digests: string[]
}

/** The JSON output of `cnb plan DIR`. */
export interface DetectedApp {
  /** The absolute path. */
  app: string
  platform: string
  platformApi: string
  /** The version of the builder's lifecycle. */
  lifecycle: string
  builder: UsedImage
  runImage: UsedImage
  /** The run image that image extensions choose, and whether a build extends it with Dockerfiles. */
  extendedRunImage?: { name: string; extend: boolean }
  /** The group, in the order of the build; empty if none fits. */
  buildpacks: { id: string; version: string }[]
  extensions: { id: string; version: string }[]
  /** The dependencies that the group provides and requires. */
  buildPlan: PlannedDependency[]
  /** In the order of the attempts; the last is the group that fits, if any. */
  tried: TriedGroup[]
  outputs: DetectOutput[]
  /** The choices with their reasons. */
  decisions: Omit<Decision, 'type'>[]
}

export interface Detected {
  readonly result: DetectedApp
  /** The error of a build of the app, if no group fits. */
  readonly error?: CnbError | undefined
}

/** It names no image: the volumes of no app are used. */
const NO_IMAGE = 'cnb-plan'

/** Keeps nothing on the engine but pulled images. @throws CnbError with almost any code except those of phases after detection */
export async function detectApp(options: DetectOptions, services: EngineServices & RegistryServices, context: Context): Promise<Detected> {
  const decisions: Decision[] = []
  const events = (event: CnbEvent): void => {
    if (event.type === 'decision') decisions.push(event)
    context.events?.(event)
  }
  const listening = { ...context, events }
  const input = await readInput({ ...options, image: NO_IMAGE }, services.host, listening)
  await using images = openEngineImages(services.engine, services.owner)
  await using downloads = openDownloadSession(services.host, input.config, input.registry, listening)
  const registry = chooseRegistry(options.buildpackRegistry, input.config)
  const sources = openModuleSources({ engine: images, registries: () => services.registries(input.registry), policy: input.pullPolicy, downloads, host: services.host, registry })
  const plan = await measured(listening, 'planning the build', () => planBuild(input, services, { sources }, listening))
  await checkEmulation(plan, services, listening)
  const { group, chosenRunImage, buildPlan, tried, outputs, error } = await runDetection(plan, services, listening)
  const used = (elements: readonly { id: string; version: string }[] = []) => elements.map(({ id, version }) => ({ id, version }))
  return {
    result: {
      app: input.app.path,
      ...describePlan(plan),
      extendedRunImage: chosenRunImage,
      buildpacks: used(group?.buildpacks),
      extensions: used(group?.extensions),
      buildPlan: [...buildPlan],
      tried: [...tried],
      outputs: [...outputs],
      decisions: decisions.filter(({ subject }) => DECISIONS.has(subject.kind)).map(({ subject, outcome, reason }) => ({ subject, outcome, reason })),
    },
    error,
  }
}

/** Those of caches and previous images have no meaning here; `tried` has those of buildpacks. */
const DECISIONS: ReadonlySet<string> = new Set(['builder', 'run image', 'lifecycle', 'platform', 'platform api', 'pull policy', 'mirror'])

function describePlan({ builder, runImage, platformApi }: BuildPlan): Pick<DetectedApp, 'platform' | 'platformApi' | 'lifecycle' | 'builder' | 'runImage'> {
  const describeImage = (image: string, { id, repoDigests }: Image): UsedImage => ({ image, id, digests: [...repoDigests] })
  return {
    platform: formatPlatform(builder.image.platform),
    platformApi: formatApiVersion(platformApi),
    lifecycle: builder.lifecycle.version,
    builder: describeImage(builder.image.reference, builder.image),
    runImage: describeImage(runImage.name, runImage.image),
  }
}
