/** The launch layers of buildpacks, new or reused (lifecycle phase/exporter.go `addBuildpackLayers`). */

import { throwIfAborted } from '../../../base/errors.ts'
import { decide, type Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import type { BuiltBuildpack, BuiltLayer, GroupElement, PreviousImage } from '../model.ts'
import { exportError } from './export-error.ts'
import type { ExportInput } from './export.ts'

/** A buildpack's part of the image. */
export interface ExportedBuildpack {
  readonly buildpack: GroupElement
  readonly layers: readonly ExportedLayer[]
  /** `[metadata]` of store.toml; undefined without the file. */
  readonly store: unknown
}

export interface ExportedLayer {
  /** `<buildpack id>:<layer>`. */
  readonly id: string
  readonly built: BuiltLayer
  readonly layer: Layer
  readonly createdBy: string
}

/**
 * Returns the layers in the group's order, those of one buildpack in the order of their names. Checks all of them before the first one
 * is read.
 * @throws CnbError CNB_EXPORT_FAILED, with the layer's name, for an invalid layer
 */
export async function exportBuildpacks(input: ExportInput, context: Context): Promise<ExportedBuildpack[]> {
  const planned = input.group.buildpacks.map((buildpack) => {
    const found = input.buildpacks.find((built) => built.buildpack.id === buildpack.id)
    return { buildpack, store: found?.store, layers: planLayers(buildpack, found, input.previous) }
  })
  const exported: ExportedBuildpack[] = []
  for (const { buildpack, store, layers } of planned) {
    const made: ExportedLayer[] = []
    for (const { id, built, present } of layers) {
      throwIfAborted(context.signal)
      const layer = present ?? (await input.makeBuildpackLayer(buildpack, built))
      const before = shaBefore(buildpack, built, input.previous)
      input.say(`${layer.diffId === before ? 'Reusing' : 'Adding'} layer '${id}'`)
      explainLayer(id, { before, after: layer.diffId, previous: input.previous }, context, present && KEPT)
      made.push({ id, built, layer, createdBy: `Layer: '${built.name}', Created by buildpack: ${buildpack.id}@${buildpack.version}` })
    }
    exported.push({ buildpack, store, layers: made })
  }
  decideDropped(exported, input.previous, context)
  return exported
}

const KEPT = 'its buildpack created no contents, so the layer of the previous image is used'

/** A layer's digest in the previous image and now. */
export interface LayerComparison {
  readonly before: string | undefined
  readonly after: string
  readonly previous: PreviousImage | undefined
}

/** Emits whether a layer is the previous image's. @param reused the reason, if it is not the equal digest */
export function explainLayer(name: string, { before, after, previous }: LayerComparison, context: Context, reused?: string): void {
  const subject = { kind: 'layer', name } as const
  if (after === before) decide(context, subject, 'reused', reused ?? 'its contents are those in the previous image')
  else if (before !== undefined) decide(context, subject, 'rebuilt', 'its contents differ from those in the previous image')
  else decide(context, subject, 'added', previous?.metadata ? 'the previous image does not have it' : 'no previous image is used')
}

interface PlannedLayer {
  readonly id: string
  readonly built: BuiltLayer
  /** The previous image's layer, if the build created no contents for this one. */
  readonly present: Layer | undefined
}

function planLayers(buildpack: GroupElement, found: BuiltBuildpack | undefined, previous: PreviousImage | undefined): PlannedLayer[] {
  const layers = found?.layers ?? []
  const malformed = layers.find((layer) => layer.malformed !== undefined)
  if (malformed) {
    throw exportError(`cannot read the metadata of layer '${buildpack.id}:${malformed.name}': ${malformed.malformed ?? ''}`, {
      hint: `Report this to the author of buildpack '${buildpack.id}', which wrote the file.`,
    })
  }
  return layers
    .filter(({ launch }) => launch)
    .map((built) => ({
      id: `${buildpack.id}:${built.name}`,
      built,
      present: built.hasContents ? undefined : layerBefore(buildpack, built, previous),
    }))
}

/** Emits a decision for each launch layer of the previous image that the new one does not have. */
function decideDropped(exported: readonly ExportedBuildpack[], previous: PreviousImage | undefined, context: Context): void {
  const present = new Set(exported.flatMap(({ layers }) => layers.map(({ id }) => id)))
  for (const { id, layers } of previous?.metadata?.buildpacks ?? []) {
    const isInGroup = exported.some(({ buildpack }) => buildpack.id === id)
    const reason = isInGroup ? 'its buildpack does not make it a launch layer any more' : `buildpack '${id}' is not in the detected group`
    for (const [name, { launch }] of layers) {
      if (launch && !present.has(`${id}:${name}`)) decide(context, { kind: 'layer', name: `${id}:${name}` }, 'dropped', reason)
    }
  }
}

function shaBefore(buildpack: GroupElement, { name }: BuiltLayer, previous: PreviousImage | undefined): string | undefined {
  return previous?.metadata?.buildpacks.find(({ id }) => id === buildpack.id)?.layers.get(name)?.sha
}

function layerBefore(buildpack: GroupElement, built: BuiltLayer, previous: PreviousImage | undefined): Layer {
  const id = `${buildpack.id}:${built.name}`
  if (built.cache) throw exportError(`layer '${id}' is cache=true but has no contents`)
  const sha = shaBefore(buildpack, built, previous)
  if (sha === undefined) throw exportError(`layer '${id}' has no contents, and no previous image has metadata for it`)
  const layer = previous?.image.layers.find(({ diffId }) => diffId === sha)
  if (layer) return layer
  throw exportError(`layer '${id}' has no contents, and the previous image does not contain the layer of its metadata: '${sha}'`, {
    hint: 'Build again with --clear-cache, or remove the previous image.',
  })
}
