/**
 * Runs the build phase of an app with image extensions.
 *
 * The extender applies the extensions' Dockerfiles (platform.md "extender"; image_extension.md "Phase: Extension").
 */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { decide, type Context } from '../../../base/events.ts'
import type { Container, Engine } from '../../../docker/engine.ts'
import { encodeGoToml } from '../../../formats/go/toml.ts'
import { parseToml, type TomlTable } from '../../../formats/toml.ts'
import type { Digest } from '../../../oci/digest.ts'
import { contextName, parseReference } from '../../../oci/reference.ts'
import type { BuildPlan, PhaseTime, RunImage } from '../../lifecycle.ts'
import { layersFile } from '../../platform-files.ts'
import { runPhase } from '../../run-phase.ts'
import { receivingSecrets } from '../../secrets/secret-input.ts'
import { analyzedToml } from '../metadata/analyzed.ts'
import type { Group, PreviousImage, Restoration } from '../model.ts'
import { fillBuildContainer } from '../run/build-container.ts'
import type { BuilderRun, FinishedBuild } from '../run/builder-run.ts'
import { baseLayout } from './base-layout.ts'
import { readExtendedImage, type ExtendedImage } from './extended-image.ts'
import { buildExtenderSpec, putAppAndLifecycle, putDockerfiles, runExtenderSpec } from './extender-container.ts'
import { readExtensions, type Extensions } from './extensions.ts'
import type { KanikoCache } from './kaniko-cache.ts'
import { withoutKanikoLog } from './kaniko-output.ts'

const WHY_ROOT =
  "this app uses the builder's image extensions: their Dockerfiles are applied as root, in containers without a socket or " +
  'credentials; buildpacks still run as the build user'

/** The work of the extensions, planned after detection. */
export interface ExtensionPlan extends Omit<Extensions, 'switchedRunImage'> {
  readonly engine: Engine
  readonly plan: BuildPlan
  readonly owner: string
  readonly group: Group
  readonly previous: PreviousImage | undefined
  /** The plan's, or the one that an extension switched to. */
  readonly runImage: RunImage
  /** An entry for an upload to `/`: the analyzed.toml that the builder reads unless the extender replaces it. */
  readonly builderEntry: TarEntry
  readonly cache: Pick<KanikoCache, 'open'>
}

export interface ExtensionPlanInput extends Pick<ExtensionPlan, 'engine' | 'plan' | 'owner' | 'group' | 'previous' | 'cache'> {
  /** analyzed.toml as the detector left it. */
  readonly analyzed: string
  /** A container with `/layers`. */
  readonly container: Pick<Container, 'getArchive'>
}

/**
 * Plans the work of the group's extensions. Returns undefined if there is nothing to do; without extensions in the group it does
 * not access the container.
 */
export async function planExtensions(input: ExtensionPlanInput, context: Context): Promise<ExtensionPlan | undefined> {
  const { engine, plan, owner, group, previous, analyzed, container, cache } = input
  const extensions = await readExtensions(container, plan, group, analyzed, context)
  if (!extensions) return undefined
  const { switchedRunImage, extendBuild, extendRun } = extensions
  if (extendBuild || extendRun) context.events?.({ type: 'info', message: WHY_ROOT })
  for (const { id, version } of group.extensions) decide(context, { kind: 'extension', name: `${id}@${version}` }, 'used', 'its detection passed')
  if (switchedRunImage !== undefined) decide(context, { kind: 'run image', name: switchedRunImage }, 'chosen', "an extension's run.Dockerfile switches to it")
  // The app's metadata records the run image under the name in the extension's Dockerfile.
  const runImage = switchedRunImage === undefined ? plan.runImage : { ...(await plan.findRunImage(switchedRunImage, context)), name: switchedRunImage }
  const builderEntry = extendedAnalyzed(plan, previous, { runImage })
  return { engine, plan, owner, group, previous, cache, extendBuild, extendRun, runImage, builderEntry }
}

/**
 * Runs the build phase and extends the images as planned.
 * @param chosen the layers to restore for the group's buildpacks
 * @throws CnbError with the exit code of the first failure; the extender's container is then removed
 */
export function buildExtended(extensionPlan: ExtensionPlan, run: BuilderRun, chosen: Restoration, context: Context): Promise<ExtendedBuild> {
  return runWithExtender(extensionPlan, run.container, context, (both) =>
    run.build(chosen, both, {
      analyzed: extensionPlan.builderEntry,
      ...(extensionPlan.extendBuild ? { extender: (volume, layers) => extendBuild(extensionPlan, volume, layers, both) } : {}),
    }),
  )
}

/**
 * Creates the extender's container, which replaces the builder's, and runs it. `/layers` and the app are then as after the build
 * phase of the builder.
 * @param layers the entries that the builder's upload would have for `/layers`
 * @throws CnbError with the exit code of the extender or of the build phase in it
 */
async function extendBuild(
  { engine, plan, owner, previous, runImage, cache }: ExtensionPlan,
  layersVolume: string,
  layers: readonly TarEntry[],
  context: Context,
): Promise<{ container: Container; times: readonly PhaseTime[] }> {
  const layout = baseLayout(plan.builder.image)
  const container = await engine.containers.create(receivingSecrets(buildExtenderSpec(plan, layersVolume, await cache.open(), owner), plan), context)
  try {
    const entry = extendedAnalyzed(plan, previous, { runImage, build: layout.digest })
    await fillBuildContainer(container, plan, [...layers, entry, ...layout.entries], context)
    return { container, times: await runExtender(container, 'build', context, plan.secrets) }
  } catch (error) {
    await container[Symbol.asyncDispose]()
    throw error
  }
}

function runExtender(container: Pick<Container, 'run' | 'attach'>, kind: 'build' | 'run', context: Context, secrets?: BuildPlan['secrets']): Promise<readonly PhaseTime[]> {
  const { events } = context
  return runPhase(container, `extender (${kind})`, events ? { ...context, events: withoutKanikoLog(events) } : context, secrets)
}

export interface ExtendedBuild {
  readonly built: FinishedBuild
  readonly extended: ExtendedRun | undefined
}

/** The extended run image. Its layers can be opened until disposal. */
export interface ExtendedRun extends ExtendedImage, AsyncDisposable {
  readonly times: readonly PhaseTime[]
}

/** Creates the container that extends the run image, and copies the files into it that buildpacks could change during the build. */
async function openRunExtender(extensionPlan: ExtensionPlan, source: Pick<Container, 'getArchive'>, context: Context): Promise<Container> {
  const { engine, plan, owner, group, previous, runImage, cache } = extensionPlan
  const layout = baseLayout(runImage.image)
  const image = await plan.engineId(runImage.image, context)
  const container = await engine.containers.create(runExtenderSpec(plan, image, await cache.open(), owner), context)
  try {
    const entries = [extendedAnalyzed(plan, previous, { runImage, run: layout.digest }), ...layout.entries]
    await putDockerfiles(container, group, entries, source, context)
    return container
  } catch (error) {
    await container[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Extends the run image.
 * @param source a container of the builder image
 * @throws CnbError with the extender's exit code, CNB_PHASE_FAILED for an image that the extender does not write
 */
async function extendRun(container: Container, plan: BuildPlan, source: Pick<Container, 'getArchive'>, context: Context): Promise<ExtendedRun> {
  try {
    await putAppAndLifecycle(container, plan, source, context)
    const times = await runExtender(container, 'run', context)
    const image = await readExtendedImage(container, context)
    return { ...image, times, [Symbol.asyncDispose]: () => container[Symbol.asyncDispose]() }
  } catch (error) {
    await container[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Runs `build`, and concurrently extends the run image if extensions require it. If either fails, the other is stopped and the
 * extender's container is removed.
 */
export async function runWithExtender<T>(
  extensionPlan: ExtensionPlan,
  source: Pick<Container, 'getArchive'>,
  context: Context,
  build: (context: Context) => Promise<T>,
): Promise<{ built: T; extended: ExtendedRun | undefined }> {
  if (!extensionPlan.extendRun) return { built: await build(context), extended: undefined }
  const extender = await openRunExtender(extensionPlan, source, context)
  const stop = new AbortController()
  const both = { ...context, signal: AbortSignal.any([stop.signal, ...(context.signal ? [context.signal] : [])]) }
  const stopping = (error: unknown): never => {
    stop.abort(error)
    throw error
  }
  const [built, run] = await Promise.allSettled([build(both).catch(stopping), extendRun(extender, extensionPlan.plan, source, both).catch(stopping)])
  if (built.status === 'fulfilled' && run.status === 'fulfilled') return { built: built.value, extended: run.value }
  if (run.status === 'fulfilled') await run.value[Symbol.asyncDispose]()
  // The first error; the second one only reports the stop.
  throw stop.signal.reason
}

export interface ExtendedBases {
  /** The plan's run image, or the one that an extension switched to. */
  readonly runImage: RunImage
  /** The digests of the layouts that the extender reads (base-layout.ts). */
  readonly build?: Digest
  readonly run?: Digest
}

/** Returns analyzed.toml as an entry for an upload to `/`. It replaces the detector's file, which buildpacks could change. */
export function extendedAnalyzed(plan: BuildPlan, previous: PreviousImage | undefined, { runImage, build, run }: ExtendedBases): TarEntry {
  const analyzed = parseToml(analyzedToml({ ...plan, runImage }, previous), 'analyzed.toml')
  const toml = encodeGoToml({
    ...analyzed,
    'run-image': { ...(analyzed['run-image'] as TomlTable), ...(run ? { reference: digestReference(runImage.name, run), extend: true } : {}) },
    ...(build ? { 'build-image': { reference: digestReference(plan.builder.image.reference, build) } } : {}),
  })
  return layersFile(plan, 'analyzed.toml', toml)
}

/** Returns a reference of which the extender uses only the digest. */
function digestReference(name: string, digest: Digest): string {
  return `${contextName(parseReference(name))}@${digest}`
}
