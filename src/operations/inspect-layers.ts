/** What each layer of an app image is, who made it, and how much it weighs. */

import type { LifecycleMetadata } from '../images/lifecycle-metadata.ts'
import { topLayerIndex } from '../images/rebase-plan.ts'
import type { LayerFacts } from './image-facts.ts'
import type { InspectedLayer } from './inspect.ts'

type Maker = Pick<InspectedLayer, 'name' | 'buildpack'>

/** The image's layers from the bottom. Those that its label does not name are called what its history says of them. */
export function describeLayers(layers: readonly LayerFacts[], metadata: LifecycleMetadata): InspectedLayer[] {
  const top = topLayerIndex(layers.map(({ diffId }) => diffId), metadata)
  const makers = makersOf(metadata)
  return layers.map(({ createdBy, ...layer }, index) => {
    const known = index <= top ? { name: 'run image' } : makers.get(layer.diffId)?.shift()
    return { ...layer, ...(known ?? { name: createdBy || 'unknown' }) }
  })
}

/** By diffID, in the order in which the exporter adds layers: two that are alike are told apart by their place. */
function makersOf(metadata: LifecycleMetadata): Map<string, Maker[]> {
  const makers = new Map<string, Maker[]>()
  const add = (sha: string, maker: Maker): void => {
    if (sha !== '') makers.set(sha, [...(makers.get(sha) ?? []), maker])
  }
  for (const { id, version, layers } of metadata.buildpacks) {
    for (const [name, { sha, launch }] of layers) if (launch) add(sha, { name, buildpack: `${id}@${version}` })
  }
  add(metadata.sbom, { name: 'sbom' })
  metadata.app.forEach((sha, index) => add(sha, { name: metadata.app.length === 1 ? 'app' : `app slice ${index + 1}` }))
  add(metadata.launcher, { name: 'launcher' })
  add(metadata.config, { name: 'config' })
  add(metadata.processTypes, { name: 'process types' })
  return makers
}
