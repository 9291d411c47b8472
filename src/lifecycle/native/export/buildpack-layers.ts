/** The launch layers of buildpacks: added, or taken over from the previous image (lifecycle phase/exporter.go `addBuildpackLayers`). */

import { throwIfAborted } from '../../../base/errors.ts'
import { decide, type Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import type { BuiltBuildpack, BuiltLayer, GroupElement, PreviousImage } from '../model.ts'
import { exportError } from './export-error.ts'
import type { ExportInput } from './export.ts'

/** What one buildpack gives to the image. */
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
 * The layers in the group's order, within a buildpack in the order of their names. What cannot be exported is refused before the
 * first layer is read.
 * @throws CnbError CNB_EXPORT_FAILED naming the layer
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
      decideLayer(id, { before, after: layer.diffId, previous: input.previous }, context, present && KEPT)
      made.push({ id, built, layer, createdBy: `Layer: '${built.name}', Created by buildpack: ${buildpack.id}@${buildpack.version}` })
    }
    exported.push({ buildpack, store, layers: made })
  }
  decideDropped(exported, input.previous, context)
  return exported
}

const KEPT = 'its buildpack left it without contents, so that of the previous image stays'

/** A layer's digest in the previous image and now. */
export interface LayerComparison {
  readonly before: string | undefined
  readonly after: string
  readonly previous: PreviousImage | undefined
}

/** Emits whether a layer of the image is the previous image's. @param reused why it is, where more is known than the digest */
export function decideLayer(name: string, { before, after, previous }: LayerComparison, context: Context, reused?: string): void {
  const subject = { kind: 'layer', name } as const
  if (after === before) decide(context, subject, 'reused', reused ?? 'its contents are those in the previous image')
  else if (before !== undefined) decide(context, subject, 'rebuilt', 'its contents differ from those in the previous image')
  else decide(context, subject, 'added', previous?.metadata ? 'the previous image does not have it' : 'no previous image is used')
}

interface PlannedLayer {
  readonly id: string
  readonly built: BuiltLayer
  /** The previous image's layer, where the build left no contents for this one. */
  readonly present: Layer | undefined
}

function planLayers(buildpack: GroupElement, found: BuiltBuildpack | undefined, previous: PreviousImage | undefined): PlannedLayer[] {
  const layers = found?.layers ?? []
  const malformed = layers.find((layer) => layer.malformed !== undefined)
  if (malformed) {
    throw exportError(`the metadata of layer '${buildpack.id}:${malformed.name}' cannot be read: ${malformed.malformed ?? ''}`, {
      hint: `This is a fault of buildpack '${buildpack.id}'.`,
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

/** Launch layers of the previous image that the new one does not have. */
function decideDropped(exported: readonly ExportedBuildpack[], previous: PreviousImage | undefined, context: Context): void {
  const present = new Set(exported.flatMap(({ layers }) => layers.map(({ id }) => id)))
  for (const { id, layers } of previous?.metadata?.buildpacks ?? []) {
    const isInGroup = exported.some(({ buildpack }) => buildpack.id === id)
    const reason = isInGroup ? 'its buildpack no longer makes it a launch layer' : `buildpack '${id}' is not in the detected group`
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
  if (sha === undefined) throw exportError(`layer '${id}' has no contents to export, and no previous image has metadata for it`)
  const layer = previous?.image.layers.find(({ diffId }) => diffId === sha)
  if (layer) return layer
  throw exportError(`layer '${id}' has no contents, and the previous image lacks the layer that its metadata names: '${sha}'`, {
    hint: 'Build again with --clear-cache, or remove the previous image.',
  })
}
