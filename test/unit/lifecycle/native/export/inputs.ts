/** Export inputs for tests: a build of one buildpack, with changes by the test. */

import type { Layer } from '../../../../../src/images/image.ts'
import type { LifecycleMetadata } from '../../../../../src/images/labels/lifecycle-metadata.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import type { ExportInput } from '../../../../../src/lifecycle/native/export/export.ts'
import type { BuiltLayer, GroupElement, LayersTree, PreviousImage, LayerTreeEntry } from '../../../../../src/lifecycle/native/model.ts'
import { anImage, aPlan } from '../../../../support/plans.ts'

export const BUILDPACK: GroupElement = { id: 'some/buildpack', version: '1.0.0', api: '0.11' }

/** A layer without content; its diffID is the digest of `text`. */
export function aLayer(text: string): Layer {
  return { diffId: digestOf(text), open: () => Promise.reject(new Error('this layer has no content')) }
}

export function aBuiltLayer(changes: Partial<BuiltLayer> = {}): BuiltLayer {
  return { name: 'dist', build: false, launch: true, cache: false, data: undefined, hasContents: true, ...changes }
}

export function file(text: string, changes: Partial<LayerTreeEntry> = {}): LayerTreeEntry {
  const content = Buffer.from(text)
  return { type: 'file', name: '', mode: 0o644, uid: 1001, gid: 1000, mtime: 0, size: content.length, content, ...changes }
}

export function directory(changes: Partial<LayerTreeEntry> = {}): LayerTreeEntry {
  return { type: 'directory', name: '', mode: 0o755, uid: 1001, gid: 1000, mtime: 0, size: 0, ...changes }
}

/** `/layers` with this metadata.toml. */
export function aTree(metadata = ''): LayersTree {
  return new Map([['', directory()], ['config', directory()], ['config/metadata.toml', file(metadata)]])
}

export function aPrevious(layers: Readonly<Record<string, string>>, present: readonly Layer[]): PreviousImage {
  const shas = Object.entries(layers).map(([name, sha]) => [name, { sha, data: null, build: false, launch: true, cache: false }] as const)
  const metadata: LifecycleMetadata = {
    app: [],
    sbom: '',
    buildpacks: [{ id: BUILDPACK.id, version: '0.9.0', layers: new Map(shas), store: undefined }],
    config: '',
    launcher: '',
    processTypes: '',
    topLayer: '',
    reference: '',
    runImage: undefined,
    knownRunImages: [],
  }
  return { image: anImage({ reference: 'previous', layers: present }), metadata }
}

/** `said` receives the exporter's output. */
export function anInput(changes: Partial<ExportInput> = {}, said: string[] = []): ExportInput {
  return {
    plan: aPlan(),
    group: { buildpacks: [BUILDPACK], extensions: [] },
    buildpacks: [{ buildpack: BUILDPACK, store: undefined, layers: [aBuiltLayer()] }],
    tree: aTree(),
    runImage: { name: 'some/run', image: anImage({ layers: [aLayer('base')] }) },
    lifecycleFiles: new Map(),
    makeBuildpackLayer: (buildpack, layer) => Promise.resolve(aLayer(`${buildpack.id}:${layer.name}`)),
    makeAppLayers: () => Promise.resolve([{ layer: aLayer('app'), createdBy: 'Application Layer' }]),
    makeLauncherLayer: () => Promise.resolve(aLayer('launcher')),
    startSending: () => {},
    say: (line) => said.push(line),
    ...changes,
  }
}
