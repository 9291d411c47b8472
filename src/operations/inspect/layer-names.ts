/** The names of an image's layers: what made each of them, by the lifecycle's label and the history. */

import type { LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'
import { topLayerIndex } from '../../images/labels/top-layer.ts'
import type { LayerFacts } from './image-facts.ts'

/** `step`: a layer that the label does not have, known by its history entry only. */
export type LayerMaker = 'run image' | 'buildpack' | 'app' | 'sbom' | 'launcher' | 'config' | 'process types' | 'step'

export interface NamedLayer extends LayerFacts {
  readonly maker: LayerMaker
  /** `run image`, `app`, `launcher`, `config`, `sbom`, `process types`, or the name of a buildpack's layer. */
  readonly name: string
  /** `id@version` of the buildpack that created it. */
  readonly buildpack?: string
}

type LayerName = Pick<NamedLayer, 'maker' | 'name' | 'buildpack'>

/**
 * Returns the image's layers from the bottom up. Layers that the label does not contain get the text of their history entry as name.
 * @param metadata undefined for an image that buildpacks did not build
 */
export function nameLayers(layers: readonly LayerFacts[], metadata: LifecycleMetadata | undefined): NamedLayer[] {
  const top = metadata ? topLayerIndex(layers.map(({ diffId }) => diffId), metadata) : -1
  const names = metadata ? namesOf(metadata) : new Map<string, LayerName[]>()
  return layers.map((layer, index) => {
    const known: LayerName | undefined = index <= top ? { maker: 'run image', name: 'run image' } : names.get(layer.diffId)?.shift()
    return { ...layer, ...(known ?? { maker: 'step', name: layer.createdBy || 'unknown' }) }
  })
}

/** Returns the names by diffID, in the order in which the exporter adds layers. Identical layers are distinguished by this order. */
function namesOf(metadata: LifecycleMetadata): Map<string, LayerName[]> {
  const names = new Map<string, LayerName[]>()
  const add = (sha: string, maker: LayerMaker, more: Omit<LayerName, 'maker'> = { name: maker }): void => {
    if (sha !== '') names.set(sha, [...(names.get(sha) ?? []), { maker, ...more }])
  }
  for (const { id, version, layers } of metadata.buildpacks) {
    for (const [name, { sha, launch }] of layers) if (launch) add(sha, 'buildpack', { name, buildpack: `${id}@${version}` })
  }
  add(metadata.sbom, 'sbom')
  metadata.app.forEach((sha, index) => add(sha, 'app', { name: metadata.app.length === 1 ? 'app' : `app slice ${index + 1}` }))
  add(metadata.launcher, 'launcher')
  add(metadata.config, 'config')
  add(metadata.processTypes, 'process types')
  return names
}
