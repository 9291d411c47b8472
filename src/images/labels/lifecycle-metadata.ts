/** Reads and edits the label io.buildpacks.lifecycle.metadata (platform.md, section of that name). */

import type { FieldReader } from '../../formats/field-reader.ts'
import { encodeGoObject, encodeGoString } from '../../formats/go/json.ts'
import { editJsonObject } from '../../formats/go/json-edit.ts'
import { LIFECYCLE_METADATA_LABEL } from './label-names.ts'
import { readLabels, type Labelled } from './read-labels.ts'

/** A run image's name and mirrors. */
export interface RunImageNames {
  readonly image: string
  readonly mirrors: readonly string[]
}

/** One layer of a buildpack. `data` is its `[metadata]`, of any type. */
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
  /** `[metadata]` of the buildpack's store.toml: null if empty, undefined if there was no store.toml. */
  readonly store: unknown
}

/** The label's data without unknown keys. A `sha` is a diffID; empty if the layer does not exist. */
export interface LifecycleMetadata {
  readonly app: readonly string[]
  readonly sbom: string
  readonly buildpacks: readonly BuildpackLayersMetadata[]
  readonly config: string
  readonly launcher: string
  readonly processTypes: string
  readonly topLayer: string
  /** `repository@digest`, or an image ID with 64 hexadecimal digits. */
  readonly reference: string
  /** From `runImage`, or before Platform API 0.12 from `stack.runImage`; undefined if neither has an image. */
  readonly runImage: RunImageNames | undefined
  /** All names and mirrors in `runImage` and `stack.runImage`. */
  readonly knownRunImages: readonly string[]
}

/** Reads the label. Returns undefined if the image does not have it. @throws CnbError CNB_IMAGE_INVALID for a malformed label */
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

/** Reads the list of slices; a single object in labels from before slices. */
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
  // Checks that it is an object.
  store.table('metadata')
  return store.value('metadata') ?? null
}

function readNames(runImage: FieldReader | undefined): RunImageNames {
  return { image: runImage?.string('image') ?? '', mirrors: runImage?.strings('mirrors') ?? [] }
}

/** An image's new base. If `name` is set, it replaces the run image's names in the label. */
export interface NewBase {
  readonly topLayer: string
  readonly reference: string
  readonly name?: string
}

/**
 * Returns the label's text for an image on a new base. All other keys, their order and the notation of numbers are unchanged.
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
