/** `io.buildpacks.lifecycle.metadata`: which layer is what (platform.md "io.buildpacks.lifecycle.metadata (JSON)"). */

import { encodeGoObject, encodeGoString } from '../../formats/go/json.ts'
import { editJsonObject } from '../../formats/go/json-edit.ts'
import { readJsonLabel, type LabelValue, type Labelled } from './label-value.ts'
import { LIFECYCLE_METADATA_LABEL } from './labels.ts'

/** A run image's name and the other names that it can be had under. */
export interface RunImageNames {
  readonly image: string
  readonly mirrors: readonly string[]
}

/** One buildpack's layer. `data` is its `[metadata]`, whatever that is. */
interface BuildpackLayerMetadata {
  readonly sha: string
  readonly data: unknown
  readonly build: boolean
  readonly launch: boolean
  readonly cache: boolean
}

interface BuildpackLayersMetadata {
  readonly id: string
  readonly version: string
  readonly layers: ReadonlyMap<string, BuildpackLayerMetadata>
  /** `[metadata]` of its store.toml: null for an empty one, undefined where it had none. */
  readonly store: unknown
}

/** The label, read. A sha is a diffID, or empty where there is no such layer; unknown keys are in the label's text only. */
export interface LifecycleMetadata {
  readonly app: readonly string[]
  readonly sbom: string
  readonly buildpacks: readonly BuildpackLayersMetadata[]
  readonly config: string
  readonly launcher: string
  readonly processTypes: string
  readonly topLayer: string
  /** `repository@digest`, or an image ID of 64 digits. */
  readonly reference: string
  /** From `runImage`, or before Platform API 0.12 from `stack.runImage`; undefined where neither names an image. */
  readonly runImage: RunImageNames | undefined
  /** Every name in `runImage` and `stack.runImage`, mirrors too. */
  readonly knownRunImages: readonly string[]
}

/** @throws CnbError CNB_IMAGE_INVALID when the label is malformed; undefined where the image has none */
export function readLifecycleMetadata(image: Labelled): LifecycleMetadata | undefined {
  const label = readJsonLabel(image, LIFECYCLE_METADATA_LABEL)
  if (!label) return undefined
  const sha = (key: string): string => label.member(key).member('sha').string()
  const runImage = label.member('runImage')
  const names = [runImage, label.member('stack').member('runImage')].map(readNames)
  return {
    app: readAppShas(label.member('app')),
    sbom: sha('sbom'),
    buildpacks: label.member('buildpacks').list().map(readBuildpackLayers),
    config: sha('config'),
    launcher: sha('launcher'),
    processTypes: sha('process-types'),
    topLayer: runImage.member('topLayer').string(),
    reference: runImage.member('reference').string(),
    runImage: names.find(({ image }) => image !== ''),
    knownRunImages: [...new Set(names.flatMap(({ image, mirrors }) => [image, ...mirrors]))].filter((name) => name !== ''),
  }
}

/** A list of slices, or before slices existed one object. */
function readAppShas(app: LabelValue): string[] {
  const layers = !app.present ? [] : app.isList ? app.list() : [app]
  return layers.map((layer) => layer.member('sha').string())
}

function readBuildpackLayers(buildpack: LabelValue): BuildpackLayersMetadata {
  const layers = buildpack
    .member('layers')
    .entries()
    .map(([name, layer]): [string, BuildpackLayerMetadata] => [
      name,
      {
        sha: layer.member('sha').string(),
        data: layer.member('data').raw,
        build: layer.member('build').boolean(),
        launch: layer.member('launch').boolean(),
        cache: layer.member('cache').boolean(),
      },
    ])
  const key = buildpack.member('key').string()
  return { id: key, version: buildpack.member('version').string(), layers: new Map(layers), store: readStore(buildpack.member('store')) }
}

function readStore(store: LabelValue): unknown {
  if (!store.present) return undefined
  const metadata = store.member('metadata')
  // For its check that it is an object.
  metadata.entries()
  return metadata.raw ?? null
}

function readNames(runImage: LabelValue): RunImageNames {
  return { image: runImage.member('image').string(), mirrors: runImage.member('mirrors').strings() }
}

/** The base that an image now stands on. `name` only where its names in the label are to be replaced by this one. */
export interface NewBase {
  readonly topLayer: string
  readonly reference: string
  readonly name?: string
}

/**
 * The label's text for an image on a new base: all other keys, their order and their numbers stay as they were written.
 * @param text a label that readLifecycleMetadata accepts
 */
export function withRunImage(text: string, base: NewBase): string {
  const { topLayer, reference, name } = base
  return editJsonObject(text, {
    runImage: (json) =>
      editJsonObject(json ?? '{}', {
        topLayer: () => encodeGoString(topLayer),
        reference: () => encodeGoString(reference),
        ...(name === undefined ? {} : { image: () => encodeGoString(name), mirrors: () => undefined }),
      }),
    ...(name === undefined
      ? {}
      : { stack: () => encodeGoObject([['runImage', encodeGoObject([['image', encodeGoString(name)]])]]) }),
  })
}
