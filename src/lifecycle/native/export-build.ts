/** Exports the finished build as an image, and records the layers for the next build. */

import { extractInto } from '../../archive/extract.ts'
import type { TarHeader } from '../../archive/tar/tar-header.ts'
import { packTar, type TarEntry } from '../../archive/tar/tar-writer.ts'
import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { once } from '../../base/once.ts'
import { measured } from '../../base/spans.ts'
import { escapeId } from '../../buildpacks/buildpack-descriptor.ts'
import type { EngineImageStore } from '../../images/engine/engine-source.ts'
import type { ImageSink, Layer, LayerBlob } from '../../images/image.ts'
import type { LayerBlobs } from '../../images/layers/layer-blobs.ts'
import type { Digest } from '../../oci/digest.ts'
import type { BuildPlan, BuiltImage, RunImage } from '../lifecycle.ts'
import { LAYERS_DIR } from '../phase.ts'
import { builtAppLayers } from './app/known-layers.ts'
import { recordedLayer } from './cache/record.ts'
import type { SharedCache } from './cache/shared-cache.ts'
import type { AddedLayer } from './export/app-config.ts'
import type { ExportInput } from './export/export.ts'
import { readLauncherVersion } from './export/launcher-version.ts'
import { planExport } from './export/plan-export.ts'
import { reportToml } from './export/report-toml.ts'
import { saveCacheRecord, reliableFingerprint } from './save-cache-record.ts'
import type { CopyMaker } from './layers/directory-layer.ts'
import type { Launcher } from './layers/launcher-layer.ts'
import { LayerFactory } from './layers/layer-factory.ts'
import { readBuiltBuildpacks } from './metadata/layers-directory.ts'
import type { CacheRecord, CachedLayer, Group, KnownApp, KnownLauncher, LayersTree, PreviousImage } from './model.ts'
import type { FinishedBuild } from './run/builder-run.ts'

export interface ExportedBuild {
  readonly plan: BuildPlan
  readonly group: Group
  readonly built: FinishedBuild
  readonly launcher: Launcher
  readonly previous: PreviousImage | undefined
  /** The record of the last build, if it belongs to the volume in use. */
  readonly record: CacheRecord | undefined
  /** The plan's run image, or the one that extensions switched to, and the layers that they added. */
  readonly runImage: RunImage
  readonly extended?: Pick<ExportInput, 'extensionLayers' | 'extendedSettings'>
  readonly sink: ImageSink
  /** The same as in NativeOptions. */
  readonly blobs: Pick<LayerBlobs, 'copy' | 'of' | 'start'> | undefined
  /** Receives the layers that are read, without `blobs`. */
  readonly images: Pick<EngineImageStore, 'copy'>
  /** Called when the image is complete, although its content may still be read to send it. */
  readonly end: () => void
  readonly say: (line: string) => void
  /** The cache image or directory that the user chose. */
  readonly shared: SharedCache | undefined
}

/**
 * Saves the image under all its names and writes the requested outputs. Returns the image and the record for the next build.
 * @throws CnbError CNB_EXPORT_FAILED, CNB_OUTPUT, CNB_ENGINE_*
 */
export async function exportBuild(input: ExportedBuild, context: Context): Promise<{ image: BuiltImage; record: CacheRecord }> {
  const { plan, group, built, previous, sink, say } = input
  const { builder } = plan
  await using layers = new LayerFactory(built.files, builder)
  const known = knownLauncher(input.record, plan)
  let launcher: KnownLauncher | undefined
  let app: KnownApp | undefined
  let isRead = false
  const buildpacks = readBuiltBuildpacks(built.tree, group)
  const layerOf = oncePerLayer(async (id, name): Promise<Layer> => {
    const path = `${escapeId(id)}/${name}`
    const make = (): Promise<Layer> => layers.directoryLayer(`${LAYERS_DIR}/${path}`, parentsOf(path, built.tree), context, copyMaker(input, id, name, context))
    const { unchanged, reason } = unchangedLayer(input, id, name)
    isRead ||= !unchanged
    decide(context, { kind: 'layer', name: `${id}:${name}` }, unchanged ? 'not read again' : 'read', reason)
    if (unchanged) return unreadLayer(unchanged.sha, await cachedBlob(input, path, unchanged.sha, context), make)
    return await measured(context, `reading layer ${id}:${name}`, make)
  })
  const exported = await planExport(
    {
      ...input.extended,
      plan,
      group,
      buildpacks,
      tree: built.tree,
      previous,
      runImage: input.runImage,
      lifecycleFiles: built.lifecycleFiles,
      launcher: built.version === '' ? undefined : readLauncherVersion(built.version),
      makeBuildpackLayer: ({ id }, { name }) => layerOf(id, name),
      makeAppLayers: async (slices): Promise<readonly AddedLayer[]> => {
        const made = await builtAppLayers({ plan, built, record: input.record, factory: layers }, slices, context)
        app = made.known
        return made.layers
      },
      makeLauncherLayer: async () => {
        const layer = known ? rememberedLauncher(known, input.launcher, context) : await input.launcher.layer(context)
        launcher = { builder: builder.image.id, diffId: layer.diffId, size: layer.size ?? 0, version: built.version }
        return layer
      },
      startSending: (layer) => {
        const isThere = previous?.image.layers.some(({ diffId }) => diffId === layer.diffId)
        if (!isThere) input.blobs?.start(layer, context)
      },
      say,
    },
    context,
  )
  // Not earlier: reading from a container blocks while an engine removes it. Saving reads new layers again, faster before the end.
  if (!isRead) input.end()
  const saved = await sink.save(exported.image, context)
  if (isRead) input.end()
  await writeOutputs(plan, exported.tree, reportToml(plan, saved, { ...exported, group }), context)
  return {
    image: { ...saved, config: exported.image.config.config },
    record: await saveCacheRecord({ plan, built, buildpacks, exported, launcher, app, layerOf, shared: input.shared }, context),
  }
}

/** Reads and hashes a layer's directory once, although both the image and the cache use it. */
function oncePerLayer(make: (id: string, name: string) => Promise<Layer>): (id: string, name: string) => Promise<Layer> {
  const made = new Map<string, Promise<Layer>>()
  return (id, name) => {
    const key = `${id}:${name}`
    const layer = made.get(key) ?? make(id, name)
    made.set(key, layer)
    return layer
  }
}

/** Returns a layer that is read for its digest only if it must be sent. */
function unreadLayer(diffId: Digest, blob: LayerBlob | undefined, read: () => Promise<Layer>): Layer {
  let size: number | undefined
  const made = once(async () => {
    const layer = await read()
    size = layer.size
    return layer
  })
  return { diffId, ...(blob ? { blob } : {}), measure: made, open: async (signal) => (await made()).open(signal), get size() { return size } }
}

/** Returns the launcher that an earlier build with the same builder image recorded, or undefined. */
export function knownLauncher(record: CacheRecord | undefined, { builder }: BuildPlan): KnownLauncher | undefined {
  return record?.launcher?.builder === builder.image.id && record.launcher.version !== '' ? record.launcher : undefined
}

/** Returns the directories above a layer's, which its tar contains with their owners and modes. @throws CnbError CNB_EXPORT_FAILED */
function parentsOf(path: string, tree: LayersTree): TarHeader[] {
  return ['', path.slice(0, path.lastIndexOf('/'))].map((parent) => {
    const entry = tree.get(parent)
    if (!entry) throw new CnbError('CNB_EXPORT_FAILED', `the build left no ${LAYERS_DIR}/${parent}`)
    return { ...entry, name: parent === '' ? LAYERS_DIR : `${LAYERS_DIR}/${parent}`, size: 0 }
  })
}

/** Returns the receiver's maker. Compression takes time, so only new layers are compressed while they are read. */
function copyMaker(input: ExportedBuild, id: string, name: string, context: Context): CopyMaker | undefined {
  const { blobs, images } = input
  if (!blobs) return (sizeOf) => images.copy(sizeOf, context)
  return isNew(input, id, name) ? () => blobs.copy(context) : undefined
}

/** Whether neither the previous image nor the cache has this layer; otherwise it is most likely unchanged. */
function isNew({ previous, record }: ExportedBuild, id: string, name: string): boolean {
  const inImage = previous?.metadata?.buildpacks.find((buildpack) => buildpack.id === id)?.layers.has(name) ?? false
  return !inImage && recordedLayer(record, id, name) === undefined
}

/** Returns the blob of a layer that this build restored from a registry, and thereby verified. The previous image's own blob takes precedence. */
async function cachedBlob({ built, previous, shared }: ExportedBuild, path: string, diffId: Digest, context: Context): Promise<LayerBlob | undefined> {
  const isInImage = previous?.image.layers.some((layer) => layer.diffId === diffId) ?? false
  return built.restored.has(path) && !isInImage ? shared?.blob?.(diffId, context) : undefined
}

/** Returns the recorded layer if its directory has the recorded fingerprint, and so need not be read; otherwise only the reason. */
export function unchangedLayer(
  { record, built, plan }: Pick<ExportedBuild, 'record' | 'built' | 'plan'>,
  id: string,
  name: string,
): { unchanged?: CachedLayer; reason: string } {
  const known = recordedLayer(record, id, name)
  if (known === undefined) return { reason: record ? 'the last build did not cache it' : 'no record of an earlier build is used' }
  const path = `${escapeId(id)}/${name}`
  const found = reliableFingerprint(built, plan, path)
  const restored = built.restored.get(path)
  if (found === undefined) return { reason: 'no fingerprint of its files could be taken' }
  // A layer that was not in the image may have only its fingerprint instead of a digest.
  if (known.sha === `sha256:${known.fingerprint}`) return { reason: 'it was not in the image of the last build, so its digest is not recorded' }
  const since = restored === undefined ? 'the last build' : 'they were restored'
  if (found !== (restored ?? known.fingerprint)) return { reason: `its files have changed since ${since}` }
  return { unchanged: known, reason: `its files are unchanged since ${since}` }
}

/** The launcher layer is fixed per builder image, so it is read again only if the engine lacks the layer. */
function rememberedLauncher({ diffId, size }: KnownLauncher, launcher: Launcher, context: Context): Layer {
  return { diffId, size, open: async (signal) => (await launcher.layer(context)).open(signal) }
}

/** Writes the SBOM files and report.toml that the user requested. @throws CnbError CNB_OUTPUT if a directory cannot be written */
async function writeOutputs(plan: BuildPlan, tree: LayersTree, report: string, context: Context): Promise<void> {
  if (plan.sbomOutputDir !== undefined) {
    const files = [...tree].filter(([path]) => path.startsWith('sbom/')).map(([path, entry]): TarEntry => ({ ...entry, name: path }))
    await extractInto(plan.sbomOutputDir, packTar(files), { strip: 1, signal: context.signal })
  }
  if (plan.reportOutputDir !== undefined) {
    const content = Buffer.from(report)
    const file: TarEntry = { type: 'file', name: 'report.toml', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content }
    await extractInto(plan.reportOutputDir, packTar([file]), { signal: context.signal })
  }
}
