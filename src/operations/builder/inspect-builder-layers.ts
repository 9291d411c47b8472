/** Names and sizes of a builder's layers. */

import type { Builder } from '../../builder/builder.ts'
import type { LayerFacts } from '../inspect/image-facts.ts'

/** A layer with its name. Sizes are those of LayerFacts. */
export interface DescribedLayer {
  diffId: string
  size?: number
  compressedSize?: number
  digest?: string
  name: string
}

/** The prefix of layer names in the history of builders that cnb creates. */
const OWN = 'cnb: '

/**
 * Returns the builder's layers from the bottom up. Buildpack names come from the builder's labels, the other names from its history or, if
 * that has none, from the position (pack's internal/builder/builder.go puts directories and lifecycle before the first buildpack).
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

/** Returns `id@version` by diffID; the buildpacks of a flattened package share one layer. */
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
