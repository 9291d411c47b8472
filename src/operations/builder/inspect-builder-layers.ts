/** What each layer of a builder is, and how much it weighs. */

import type { Builder } from '../../builder/builder.ts'
import type { LayerFacts } from '../inspect/image-facts.ts'

/** Sizes are as in LayerFacts. */
export interface DescribedLayer {
  diffId: string
  size?: number
  compressedSize?: number
  digest?: string
  name: string
}

/** How the builders that `cnb` makes say in their history what a layer is. */
const OWN = 'cnb: '

/**
 * The builder's layers from the bottom: buildpacks by their label, the others by their history or, where a builder's maker left
 * that blank, by their place (pack's internal/builder/builder.go: directories and lifecycle stand before the first buildpack).
 */
export function describeBuilderLayers(layers: readonly LayerFacts[], builder: Builder): DescribedLayer[] {
  const modules = new Map([...modulesIn(builder.buildpackLayers), ...modulesIn(builder.extensionLayers ?? {})])
  const first = layers.findIndex(({ diffId }) => modules.has(diffId))
  return layers.map(({ createdBy = '', ...layer }, index) => {
    const own = createdBy.startsWith(OWN) ? createdBy.slice(OWN.length) : undefined
    return { ...layer, name: modules.get(layer.diffId) ?? own ?? nameByPlace(index, first) }
  })
}

function nameByPlace(index: number, first: number): string {
  if (first < 0) return 'unknown'
  if (index > first) return 'builder files'
  return index === first - 1 ? 'lifecycle' : index === first - 2 ? 'directories' : 'build image'
}

/** `id@version` by diffID; those of a flattened package share one. */
function modulesIn(layers: Builder['buildpackLayers']): Map<string, string> {
  const names = new Map<string, string>()
  for (const [id, versions] of Object.entries(layers)) {
    for (const [version, { layerDiffID }] of Object.entries(versions)) {
      const other = names.get(layerDiffID)
      names.set(layerDiffID, other === undefined ? `${id}@${version}` : `${other}, ${id}@${version}`)
    }
  }
  return names
}
