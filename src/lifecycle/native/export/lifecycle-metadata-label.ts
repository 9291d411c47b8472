/**
 * `io.buildpacks.lifecycle.metadata` as the lifecycle writes it, fields in their order (lifecycle platform/files/analyzed.go,
 * buildpack/files.go).
 */

import type { RunImageName } from '../../../builder/builder.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { compareBytes, encodeGoObject, encodeGoString, encodeGoValue } from '../../../formats/go/json.ts'
import type { ExportedBuildpack, ExportedLayer } from './buildpack-layers.ts'
import { labelJson } from './label-json.ts'

/** What of the new image is what. */
export interface LayersMetadata {
  readonly app: readonly string[]
  readonly sbom: string | undefined
  readonly buildpacks: readonly ExportedBuildpack[]
  readonly config: string
  readonly launcher: string
  /** Undefined where the app has no processes. */
  readonly processTypes: string | undefined
  /** The diffID of the base's last layer, and what its store calls the base. */
  readonly topLayer: string
  readonly reference: string
  readonly runImage: RunImageName | undefined
}

/** @throws CnbError CNB_EXPORT_FAILED naming the layer or buildpack whose data no JSON can hold */
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
