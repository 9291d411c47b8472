/**
 * The stock driver: the builder's lifecycle runs every phase in a container.
 * A trusted builder has one container for all phases, otherwise each phase has one, so buildpacks never share a container with the
 * engine's socket (platform.md "Build", "Security Considerations").
 */

import { text } from 'node:stream/consumers'
import { extractInto } from '../../archive/extract.ts'
import { readTar } from '../../archive/tar/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Container, Engine } from '../../docker/engine.ts'
import { parseToml, type TomlTable } from '../../formats/toml.ts'
import { familiarName } from '../../oci/reference.ts'
import { CA_BUNDLE_PATH } from '../ca-bundle.ts'
import { isForOtherUse } from '../exec-env.ts'
import { fillContainer } from '../fill-container.ts'
import type { BuildPlan, BuiltImage, Lifecycle, LifecycleResult, PhaseTime } from '../lifecycle.ts'
import { LAYERS_DIR, phasesOf, type PhaseSpec } from '../phase.ts'
import { layersEntries } from '../platform-files.ts'
import { runPhase } from '../run-phase.ts'
import { openBuildVolumes } from './build-volumes.ts'
import { engineAccessChoices, explainDenial } from './engine-access.ts'
import { PhaseContainers } from './phase-container.ts'

export interface StockOptions {
  engine: Engine
  /** The value of the owner label. */
  owner: string
  /** Removes the remains of killed runs from the engine. */
  sweep: () => Promise<void>
  /** The user's home directory; sockets below it lead into a virtual machine. */
  home: string
}

export function stockLifecycle(options: StockOptions): Lifecycle {
  return { open: (_start, context) => ({ run: (plan) => runPhases(plan, options, context), [Symbol.asyncDispose]: async () => {} }) }
}

async function runPhases(plan: BuildPlan, { engine, owner, sweep, home }: StockOptions, context: Context): Promise<LifecycleResult> {
  const access = engineAccessChoices(engine, await engine.info(context), home, plan.dockerHost)
  // First, because it must not remove a killed run's volume that this build starts to use.
  await sweep()
  await using volumes = await openBuildVolumes(engine, plan, owner, context)
  const containers = new PhaseContainers(engine, plan, volumes, access, owner)
  const times: PhaseTime[] = []
  const specs = phasesOf(plan, plan.clearCache || (await isPreviousForOtherUse(plan, engine, context)))
  for await (const { spec, container } of preparedContainers(specs, containers, plan, context)) {
    times.push(...(await runPhase(container, spec.phase, context, spec.runsBuildpacks ? plan.secrets : []).catch((error: unknown) => Promise.reject(explainDenial(error) as Error))))
    if (spec.phase === 'detector') await refuseExtensions(container, plan, context)
    if (spec === specs.at(-1)) await copyOutputs(container, plan, context)
  }
  await volumes.keepCaches()
  return { phases: times, runImage: plan.runImage.name, image: await findBuilt(plan, engine, context) }
}

async function findBuilt(plan: BuildPlan, engine: Engine, context: Context): Promise<BuiltImage> {
  const name = familiarName(plan.image)
  const image = await engine.images.inspect(name, context)
  if (!image) throw new CnbError('CNB_EXPORT_FAILED', `the exporter succeeded, but the engine has no image '${name}'`)
  return { id: image.id, repoDigests: image.repoDigests, config: image.config }
}

/** The lifecycle does not check the previous image's execution environment; the specification leaves that to the platform. */
async function isPreviousForOtherUse(plan: BuildPlan, engine: Engine, context: Context): Promise<boolean> {
  const reference = plan.previousImage ?? familiarName(plan.image)
  const previous = await engine.images.inspect(reference, context)
  return isForOtherUse(previous && { reference, labels: previous.config.Labels ?? {} }, plan)
}

/** Creates and fills each phase's container while the previous phase runs, and removes it while the next phase runs. */
async function* preparedContainers(specs: readonly PhaseSpec[], containers: PhaseContainers, plan: BuildPlan, context: Context) {
  const prepare = (spec: PhaseSpec | undefined): Promise<Container> | undefined => {
    const container = spec && prepareContainer(spec, spec === specs[0], containers, plan, context)
    // Awaited later; until then its failure must not count as an unhandled rejection.
    container?.catch(() => {})
    return container
  }
  let ahead = prepare(specs[0])
  const removals: PromiseLike<void>[] = []
  try {
    for (const [index, spec] of specs.entries()) {
      const container = await ahead
      ahead = prepare(specs[index + 1])
      if (!container) continue
      try {
        yield { spec, container }
      } finally {
        removals.push(container[Symbol.asyncDispose]())
      }
    }
  } finally {
    await ahead?.then((container) => container[Symbol.asyncDispose]()).catch(() => {})
    await Promise.all(removals)
  }
}

async function prepareContainer(
  spec: PhaseSpec,
  first: boolean,
  containers: PhaseContainers,
  plan: BuildPlan,
  context: Context,
): Promise<Container> {
  const container = await containers.create(withCaVariables(spec, plan), context)
  try {
    const { runsBuildpacks } = spec
    // The app's volume is filled for the detector or creator, before the builder uses it.
    const needsApp = runsBuildpacks && spec.phase !== 'builder'
    await fillContainer(container, plan, { layers: first ? layersEntries(plan) : [], runsBuildpacks, needsApp }, context)
    return container
  } catch (error) {
    await container[Symbol.asyncDispose]()
    throw error
  }
}

/** Makes the lifecycle's own downloads trust the private CAs too. */
function withCaVariables(spec: PhaseSpec, plan: BuildPlan): PhaseSpec {
  return plan.caCertificates ? { ...spec, env: [...spec.env, `SSL_CERT_FILE=${CA_BUNDLE_PATH}`] } : spec
}

/** Copies SBOMs and report to the user's directories. @throws CnbError CNB_OUTPUT if a directory cannot be written */
export async function copyOutputs(container: Container, plan: BuildPlan, context: Context): Promise<void> {
  if (plan.sbomOutputDir !== undefined) await copyOut(container, 'sbom', plan.sbomOutputDir, 1, context)
  if (plan.reportOutputDir !== undefined) await copyOut(container, 'report.toml', plan.reportOutputDir, 0, context)
}

/** @param strip how many leading directories are removed from the entries' names */
async function copyOut(container: Container, name: string, directory: string, strip: number, context: Context): Promise<void> {
  const tar = await container.getArchive(`${LAYERS_DIR}/${name}`, context)
  if (tar === undefined) {
    context.events?.({ type: 'warning', message: `the build wrote no ${name}, so nothing was copied to ${directory}` })
    return
  }
  await extractInto(directory, tar, { strip, signal: context.signal })
}

const MAX_FILE = 1024 * 1024

/**
 * Throws after detection if extensions generated Dockerfiles or switched the run image.
 * @throws CnbError CNB_UNSUPPORTED
 */
export async function refuseExtensions(container: Container, plan: BuildPlan, context: Context): Promise<void> {
  if (plan.builder.orderExtensions.length === 0) return
  const analyzed = await readLayersToml(container, 'analyzed.toml', context)
  const group = await readLayersToml(container, 'group.toml', context)
  const runImage = (analyzed['run-image'] ?? {}) as { image?: unknown; extend?: unknown }
  const used = Array.isArray(group['group-extensions']) ? group['group-extensions'].length : 0
  const switched = typeof runImage.image === 'string' && runImage.image !== plan.runImage.name
  if (used === 0 && runImage.extend !== true && !switched) return
  throw new CnbError('CNB_UNSUPPORTED', "this app needs the builder's image extensions, which the stock driver does not run", {
    hint: "Leave out '--lifecycle stock': the native driver runs them.",
  })
}

async function readLayersToml(container: Container, name: string, context: Context): Promise<TomlTable> {
  const tar = await container.getArchive(`${LAYERS_DIR}/${name}`, context)
  if (tar === undefined) return {}
  for await (const entry of readTar(tar)) {
    if (entry.type !== 'file') continue
    if (entry.size > MAX_FILE) {
      throw new CnbError('CNB_DETECT_FAILED', `cannot read ${LAYERS_DIR}/${name}: it has ${entry.size} bytes, and the limit is ${MAX_FILE}`)
    }
    return parseToml(await text(entry.content), name)
  }
  return {}
}
