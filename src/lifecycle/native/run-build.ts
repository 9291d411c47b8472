/** Runs a build in its container: analysis, restoring, detector and builder, export. */

import { buffer } from 'node:stream/consumers'
import { readTar } from '../../archive/tar/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { openEngineImages } from '../../images/engine/engine-source.ts'
import type { Image, ImageSource } from '../../images/image.ts'
import { familiarName, parseReference } from '../../oci/reference.ts'
import { isForOtherUse } from '../exec-env.ts'
import { hostPhase } from '../host-phase.ts'
import type { BuildPlan, BuildStores, LifecycleResult } from '../lifecycle.ts'
import { layersFile } from '../platform-files.ts'
import type { BuildCache } from './cache/build-cache.ts'
import { codeSources } from './cache/code-sources.ts'
import { openSharedCache } from './cache/open-shared-cache.ts'
import type { SharedCache } from './cache/shared-cache.ts'
import { exportBuild, knownLauncher } from './export-build.ts'
import { buildExtended, planExtensions } from './extensions/extend.ts'
import { KanikoCache } from './extensions/kaniko-cache.ts'
import { containerFiles } from './layers/container-files.ts'
import { Launcher } from './layers/launcher-layer.ts'
import { MAX_METADATA_BYTES } from './metadata-limit.ts'
import { analyzedToml, findPrevious } from './metadata/analyzed.ts'
import { readGroup } from './metadata/group.ts'
import { needsLaunchSbom, planRestoration } from './metadata/restore.ts'
import { explainRestored } from './metadata/restore-decisions.ts'
import type { CacheRecord, Group, KeptLayers, KnownApp, PreviousImage, Restoration } from './model.ts'
import type { NativeOptions, OpenedBuild } from './open-build.ts'
import type { BuilderRun, RunInput } from './run/builder-run.ts'
import type { PendingRun } from './run/pending-run.ts'
import { startScriptedRun } from './run/scripted-run.ts'
import { startSeparateRun } from './run/separate-run.ts'

/** @throws CnbError with almost any code; no name of an image changed unless the error says so */
export async function runBuild(planned: BuildPlan, options: NativeOptions & BuildStores, { appDirectory, cache, commenced, times }: OpenedBuild, context: Context): Promise<LifecycleResult> {
  const { engine, owner } = options
  await using images = openEngineImages(engine, owner)
  // Sends the run image's layers again if the engine has lost them meanwhile.
  const plan = { ...planned, runImage: { ...planned.runImage, image: images.reopen(planned.runImage.image) } }
  const store = options.openStore?.(images) ?? images
  const shared = openSharedCache(plan, options.cacheImages)
  // Concurrently with the engine's work; a failure surfaces where the metadata is read.
  if (!plan.clearCache) shared?.tars.metadata(context).catch(() => {})
  const expect = (image: Image): void => void (store === images && images.expect(image, context))
  expect(plan.runImage.image)
  const analysis = await hostPhase('analyzer', times, context, () => analyze(plan, { images: store, cache, shared }, context))
  const { previous, record } = analysis
  if (previous) expect(previous.image)
  const analyzed = layersFile(plan, 'analyzed.toml', analyzedToml(plan, previous))
  const known = knownLauncher(record, plan)
  const input = { ...options, ...analysis, plan, app: cache.app, appDirectory, knownApp: record?.app, knownTree: (known: KnownApp) => cache.readApp(known, context), times, analyzed, version: known?.version, context }
  await using kaniko = new KanikoCache(engine, plan, owner, context)
  await using run = await startRun(input, commenced)
  await using launcher = new Launcher(containerFiles(run.container))
  if (!known) prepare(launcher, previous ? undefined : options.blobs, context)

  const detection = await run.detect()
  const group = readGroup(detection.group)
  for (const { id, version } of group.buildpacks) decide(context, { kind: 'buildpack', name: `${id}@${version}` }, 'used', 'its group is the first of the order that fits the app')
  const chosen = await hostPhase('restorer', times, context, async (say) => restore(run.restoration, group, run, say, context))
  cache.prepareRecord()
  const found = { group, previous, analyzed: detection.analyzed, container: run.container }
  const extensionPlan = await planExtensions({ engine, plan, owner, ...found, cache: kaniko }, context)
  const { built, extended } = extensionPlan
    ? await buildExtended(extensionPlan, run, chosen, context)
    : { built: await run.build(chosen, context), extended: undefined }
  await using _ = extended
  times.push(...(extended?.times ?? []))
  const { runImage } = extensionPlan ?? plan
  const exported = await hostPhase('exporter', times, context, (say) =>
    exportBuild({ plan, group, built, launcher, extended, previous, record: run.kept ? record : undefined, runImage, sink: store, blobs: options.blobs, images, shared, end: () => run.end(), say }, context),
  )
  await kaniko.keep()
  await cache.writeRecord(exported.record, run.kept, context, built.app?.tree)
  // Otherwise the end of the scope removes the containers, and then the volumes.
  if (cache.isKept) await Promise.all([run.leave(), cache.leave()])
  return { phases: times, runImage: runImage.name, image: exported.image }
}

/** The places of earlier builds' layers. */
interface AnalysisSources {
  readonly images: ImageSource
  readonly cache: BuildCache
  readonly shared: SharedCache | undefined
}

interface Analysis extends KeptLayers {
  readonly previous: PreviousImage | undefined
  readonly restoration: Restoration
  /** The same, if the `layers` volume of the record is not available. */
  readonly elsewhere: Restoration
}

async function analyze(plan: BuildPlan, { images, cache, shared }: AnalysisSources, context: Context): Promise<Analysis> {
  const [image, kept] = await Promise.all([findPrevious(plan, images, context), cache.read(codeSources(plan), shared, context)])
  const previous = kept.external && !namesOther(plan) ? image && { ...image, metadata: undefined } : image
  const otherUse = isForOtherUse(previous?.image, plan)
  const subject = { kind: 'previous image', name: image?.image.reference ?? '' } as const
  if (image?.metadata && !previous?.metadata) decide(context, subject, 'not used', 'code that this build does not use could have created its layers')
  else if (otherUse) decide(context, subject, 'metadata not used', `it is for another execution environment than '${plan.execEnv}'`)
  const input = { previous, record: kept.record, plan, skipLayers: plan.clearCache || otherUse }
  const launchSbom = needsLaunchSbom(input) ? await readLaunchSbom(previous, context) : undefined
  const planned = (record: CacheRecord | undefined): Restoration => planRestoration({ ...input, record, launchSbom })
  return { previous, ...kept, restoration: planned(kept.record), elsewhere: planned(kept.contents && kept.record) }
}

/**
 * Reads the launcher while detector and builder run. Its failure surfaces where the layer is used.
 * @param blobs compresses it too, unless a previous image most likely has it
 */
function prepare(launcher: Launcher, blobs: BuildStores['blobs'], context: Context): void {
  launcher.layer(context).then((layer) => blobs?.of(layer, context)).catch(() => {})
}

/** Whether the user chose a previous image of another name, which has no record. */
function namesOther({ image, previousImage }: BuildPlan): boolean {
  return previousImage !== undefined && familiarName(parseReference(previousImage)) !== familiarName(image)
}

/** Runs in one container if the builder supports it. A volume that cannot be cleared is replaced by a new one. */
async function startRun(input: RunInput & Pick<Analysis, 'elsewhere'>, commenced: PendingRun): Promise<BuilderRun> {
  const { engine, plan, elsewhere, context } = input
  const first = await startScriptedRun(input, commenced)
  if (typeof first !== 'string') return first
  const rest = { ...input, app: undefined }
  if (first === 'unclean app') {
    context.events?.({ type: 'debug', message: "the app's files of earlier builds cannot be removed, and are discarded" })
    await engine.volumes.remove(plan.cacheVolumes.app)
  }
  const second = first === 'unclean app' ? await startScriptedRun(rest) : first
  if (typeof second !== 'string') return second
  if (second === 'unclean') {
    context.events?.({ type: 'debug', message: 'the layers of earlier builds belong to another user, and are discarded' })
    await engine.volumes.remove(plan.cacheVolumes.layers)
    const third = await startScriptedRun({ ...rest, restoration: elsewhere })
    if (typeof third !== 'string') return third
  }
  context.events?.({
    type: 'info',
    message: `builder '${plan.builder.image.reference}' has no shell with GNU find and tar: each phase runs in a separate container, and no layers are cached`,
  })
  return startSeparateRun({ ...input, restoration: elsewhere })
}

/** Selects the restored content for the group's buildpacks; changed directories are already removed. */
function restore(restoration: Restoration, group: Group, run: BuilderRun, say: (line: string) => void, context: Context): Restoration {
  const chosen = new Map(group.buildpacks.flatMap(({ id }) => {
    const restored = restoration.get(id)
    return restored ? [[id, restored] as const] : []
  }))
  for (const { lines } of chosen.values()) lines.forEach(say)
  for (const path of run.changed) say(`Removing "${path.replace('/', ':')}", changed since the last build`)
  explainRestored(restoration, group, run.changed, context)
  return chosen
}

const ROOT = 'layers/sbom/launch/'

/** Returns files by path relative to `/layers/sbom/launch`; undefined if the layer is missing or unreadable. */
async function readLaunchSbom(previous: PreviousImage | undefined, context: Context): Promise<Map<string, Buffer> | undefined> {
  const layer = previous?.image.layers.find(({ diffId }) => diffId === previous.metadata?.sbom)
  if (!layer) return undefined
  const files = new Map<string, Buffer>()
  let size = 0
  try {
    for await (const entry of readTar(await layer.open(context.signal), { source: 'the SBOM layer', signal: context.signal })) {
      const path = entry.name.toString().replace(/^\//, '')
      if (entry.type !== 'file' || !path.startsWith(ROOT)) continue
      size += entry.size
      if (size > MAX_METADATA_BYTES) throw new CnbError('CNB_RESTORE_FAILED', `its files have more than ${MAX_METADATA_BYTES} bytes`)
      files.set(path.slice(ROOT.length), await buffer(entry.content))
    }
  } catch (error) {
    context.signal?.throwIfAborted()
    context.events?.({ type: 'warning', message: `cannot read the SBOM of the previous image: ${(error as Error).message}` })
    return undefined
  }
  return files
}
