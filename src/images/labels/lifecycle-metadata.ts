/** `io.buildpacks.lifecycle.metadata`: which layer is what (platform.md "io.buildpacks.lifecycle.metadata (JSON)"). */

import type { FieldReader } from '../../formats/field-reader.ts'
import { encodeGoObject, encodeGoString } from '../../formats/go/json.ts'
import { editJsonObject } from '../../formats/go/json-edit.ts'
import { LIFECYCLE_METADATA_LABEL } from './labels.ts'
import { readLabels, type Labelled } from './read-labels.ts'

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
  const label = readLabels(image, [LIFECYCLE_METADATA_LABEL]).table(LIFECYCLE_METADATA_LABEL)
  if (!label) return undefined
  const runImage = label.table('runImage')
  const names = [runImage, label.table('stack')?.table('runImage')].map(readNames)
  return {
    app: readApp(label).map(readSha),
    sbom: readSha(label.table('sbom')),
    buildpacks: label.tables('buildpacks').map(readBuildpackLayers),
    config: readSha(label.table('config')),
    launcher: readSha(label.table('launcher')),
    processTypes: readSha(label.table('process-types')),
    topLayer: runImage?.string('topLayer') ?? '',
    reference: runImage?.string('reference') ?? '',
    runImage: names.find(({ image }) => image !== ''),
    knownRunImages: [...new Set(names.flatMap(({ image, mirrors }) => [image, ...mirrors]))].filter((name) => name !== ''),
  }
}

function readSha(layer: FieldReader | undefined): string {
  return layer?.string('sha') ?? ''
}

/** A list of slices, or before slices existed one object. */
function readApp(label: FieldReader): (FieldReader | undefined)[] {
  const app = label.value('app')
  if (app === undefined || Array.isArray(app)) return label.tables('app')
  return [label.table('app')]
}

function readBuildpackLayers(buildpack: FieldReader): BuildpackLayersMetadata {
  const layers = buildpack.table('layers')
  return {
    id: buildpack.string('key') ?? '',
    version: buildpack.string('version') ?? '',
    layers: new Map(layers?.keys().map((name) => [name, readLayer(layers.table(name))])),
    store: readStore(buildpack.table('store')),
  }
}

function readLayer(layer: FieldReader | undefined): BuildpackLayerMetadata {
  return {
    sha: readSha(layer),
    data: layer?.value('data'),
    build: layer?.boolean('build') ?? false,
    launch: layer?.boolean('launch') ?? false,
    cache: layer?.boolean('cache') ?? false,
  }
}

function readStore(store: FieldReader | undefined): unknown {
  if (!store) return undefined
  // For its check that it is an object.
  store.table('metadata')
  return store.value('metadata') ?? null
}

function readNames(runImage: FieldReader | undefined): RunImageNames {
  return { image: runImage?.string('image') ?? '', mirrors: runImage?.strings('mirrors') ?? [] }
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
