/** Layers on top of the run image's, in the exporter's order (lifecycle phase/exporter.go `Export`). */

import { throwIfAborted } from '../../../base/errors.ts'
import { decide, type Context } from '../../../base/events.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { Layer } from '../../../images/image.ts'
import type { Digest } from '../../../oci/digest.ts'
import { processTypesLayer } from '../layers/process-types-layer.ts'
import type { LayersTree } from '../model.ts'
import type { AddedLayer } from './app-config.ts'
import type { BuildMetadataToml } from './build-metadata-toml.ts'
import { explainLayer, exportBuildpacks, type ExportedBuildpack } from './buildpack-layers.ts'
import { exportError } from './export-error.ts'
import type { ExportInput } from './export.ts'
import { treeDirectoryLayer } from './tree-directory.ts'

/** All layers in order, and the digests by purpose. */
export interface AppLayers {
  readonly added: readonly AddedLayer[]
  readonly buildpacks: readonly ExportedBuildpack[]
  readonly sbom: Digest | undefined
  readonly app: readonly Digest[]
  readonly launcher: Digest
  readonly config: Digest
  readonly processTypes: Digest | undefined
}

/** Creates all layers, first those that need no reading of the container. @param tree the input's tree, with the lifecycle's SBOMs */
export async function makeLayers(input: ExportInput, tree: LayersTree, metadata: BuildMetadataToml, context: Context): Promise<AppLayers> {
  const { plan, previous, say } = input
  const before = previous?.metadata

  const sbomLayer = hasFeature(plan.platformApi, 'sbomLayer') ? await treeDirectoryLayer(tree, 'sbom/launch', plan.builder) : undefined
  const launcherLayer = await input.makeLauncherLayer()
  const configLayer = await treeDirectoryLayer(tree, 'config', plan.builder)
  if (configLayer === undefined) throw exportError('the build phase wrote no /layers/config')
  const types = (metadata.processes ?? []).map(({ type }) => type)
  const typesLayer = types.length === 0 ? undefined : await processTypesLayer(types)
  for (const layer of [sbomLayer, launcherLayer, configLayer, typesLayer]) if (layer) input.startSending(layer)

  const buildpacks = await exportBuildpacks(input, context)
  const added: AddedLayer[] = [...(input.extensionLayers ?? []), ...buildpacks.flatMap(({ layers }) => layers)]
  const add = (name: string, layer: Layer, createdBy: string, shaBefore: string | undefined): Digest => {
    throwIfAborted(context.signal)
    say(`${layer.diffId === shaBefore ? 'Reusing' : 'Adding'} layer 'buildpacksio/lifecycle:${name}'`)
    explainLayer(`buildpacksio/lifecycle:${name}`, { before: shaBefore, after: layer.diffId, previous }, context)
    added.push({ layer, createdBy })
    return layer.diffId
  }

  const sbom = sbomLayer && add('launch.sbom', sbomLayer, 'Software Bill-of-Materials', before?.sbom)

  const app = await input.makeAppLayers(metadata.slices)
  added.push(...app)
  for (const { layer } of app) input.startSending(layer)
  for (const { layer, createdBy } of app) decideAppLayer(createdBy, before?.app.includes(layer.diffId), context)
  const reused = app.filter(({ layer }) => before?.app.includes(layer.diffId)).length
  if (reused > 0) say(`Reused ${reused}/${app.length} app layer(s)`)
  if (reused < app.length) say(`Added ${app.length - reused}/${app.length} app layer(s)`)

  const launcher = add('launcher', launcherLayer, 'Buildpacks Application Launcher', before?.launcher)

  const config = add('config', configLayer, 'Buildpacks Launcher Config', before?.config)
  const processTypes = typesLayer && add('process-types', typesLayer, 'Buildpacks Process Types', before?.processTypes)

  return { added, buildpacks, sbom, app: app.map(({ layer }) => layer.diffId), launcher, config, processTypes }
}

/** @param isReused undefined without a previous image */
function decideAppLayer(name: string, isReused: boolean | undefined, context: Context): void {
  const subject = { kind: 'app layer', name } as const
  if (isReused) decide(context, subject, 'reused', 'the previous image has a layer of the app with these contents')
  else decide(context, subject, 'added', isReused === undefined ? 'no previous image is used' : 'no layer of the app in the previous image has these contents')
}
