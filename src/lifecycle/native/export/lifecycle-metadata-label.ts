/**
 * The `io.buildpacks.lifecycle.metadata` label, byte for byte as the lifecycle writes it.
 * See lifecycle platform/files/analyzed.go and buildpack/files.go.
 */

import type { RunImageName } from '../../../builder/builder.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { compareBytes, encodeGoObject, encodeGoString, encodeGoValue } from '../../../formats/go/json.ts'
import type { ExportedBuildpack, ExportedLayer } from './buildpack-layers.ts'
import { labelJson } from './label-json.ts'

/** The layers of the new image by purpose. */
export interface LayersMetadata {
  readonly app: readonly string[]
  readonly sbom: string | undefined
  readonly buildpacks: readonly ExportedBuildpack[]
  readonly config: string
  readonly launcher: string
  /** Undefined if the app has no processes. */
  readonly processTypes: string | undefined
  /** The diffID of the base's last layer, and the base's reference in its store. */
  readonly topLayer: string
  readonly reference: string
  readonly runImage: RunImageName | undefined
}

/** Returns the label's JSON. @throws CnbError CNB_EXPORT_FAILED if a layer's or buildpack's data has values that JSON lacks */
export function lifecycleMetadataJson(metadata: LayersMetadata, api: ApiVersion): string {
  const { runImage } = metadata
  const names: [string, string | undefined][] = [
    ['image', runImage?.image ? encodeGoString(runImage.image) : undefined],
    ['mirrors', runImage && runImage.mirrors.length > 0 ? encodeGoValue(runImage.mirrors) : undefined],
  ]
  return encodeGoObject([
    ['app', `[${metadata.app.map(shaJson).join(',')}]`],
    ['sbom', metadata.sbom === undefined ? undefined : shaJson(metadata.sbom)],
    ['buildpacks', metadata.buildpacks.length === 0 ? 'null' : `[${metadata.buildpacks.map(buildpackJson).join(',')}]`],
    ['config', shaJson(metadata.config)],
    ['launcher', shaJson(metadata.launcher)],
    ['process-types', shaJson(metadata.processTypes ?? '')],
    ['runImage', encodeGoObject([
      ['topLayer', encodeGoString(metadata.topLayer)],
      ['reference', encodeGoString(metadata.reference)],
      ...(hasFeature(api, 'runImageNames') ? names : []),
    ])],
    ['stack', encodeGoObject([['runImage', encodeGoObject(names)]])],
  ])
}

function shaJson(sha: string): string {
  return encodeGoObject([['sha', encodeGoString(sha)]])
}

function buildpackJson({ buildpack, layers, store }: ExportedBuildpack): string {
  const sorted = layers.toSorted((a, b) => compareBytes(a.built.name, b.built.name))
  return encodeGoObject([
    ['key', encodeGoString(buildpack.id)],
    ['version', encodeGoString(buildpack.version)],
    ['layers', encodeGoObject(sorted.map((layer) => [layer.built.name, layerJson(layer)]))],
    ['store', store === undefined ? undefined : storeJson(buildpack.id, store)],
  ])
}

function storeJson(buildpack: string, store: unknown): string {
  return encodeGoObject([['metadata', labelJson(store, `store.toml of buildpack '${buildpack}'`)]])
}

function layerJson({ id, built, layer }: ExportedLayer): string {
  return encodeGoObject([
    ['sha', encodeGoString(layer.diffId)],
    ['data', labelJson(built.data, `the metadata of layer '${id}'`)],
    ['build', String(built.build)],
    ['launch', String(built.launch)],
    ['cache', String(built.cache)],
  ])
}
