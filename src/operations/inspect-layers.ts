/** What each layer of an app image is, who made it, and how much it weighs. */

import type { EngineHistory, EngineImage } from '../docker/engine.ts'
import type { LifecycleMetadata } from '../images/lifecycle-metadata.ts'
import { topLayerIndex } from '../images/rebase-plan.ts'
import type { InspectedLayer } from './inspect.ts'

export const SBOM_LAYER = 'sbom'

type Maker = Pick<InspectedLayer, 'name' | 'buildpack'>

/** The image's layers from the bottom. Those that its label does not name are called what its history says of them. */
export function describeLayers(image: EngineImage, history: readonly EngineHistory[], metadata: LifecycleMetadata): InspectedLayer[] {
  const top = topLayerIndex(image.diffIds, metadata)
  const makers = makersOf(metadata)
  const steps = stepsOf(image, history)
  return image.diffIds.map((diffId, index) => {
    const step = steps[index]
    const known = index <= top ? { name: 'run image' } : makers.get(diffId)?.shift()
    return { diffId, ...(step ? { size: step.size } : {}), ...(known ?? { name: step?.createdBy || 'unknown' }) }
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
  add(metadata.sbom, { name: SBOM_LAYER })
  metadata.app.forEach((sha, index) => add(sha, { name: metadata.app.length === 1 ? 'app' : `app slice ${index + 1}` }))
  add(metadata.launcher, { name: 'launcher' })
  add(metadata.config, { name: 'config' })
  add(metadata.processTypes, { name: 'process types' })
  return makers
}

/**
 * The history entry of each layer, oldest first; none where the two cannot be matched. The engine does not mark the entries
 * that made no layer, but they weigh nothing.
 */
export function stepsOf({ diffIds }: EngineImage, history: readonly EngineHistory[]): readonly EngineHistory[] {
  const oldestFirst = history.toReversed()
  if (oldestFirst.length === diffIds.length) return oldestFirst
  const heavy = oldestFirst.filter(({ size }) => size > 0)
  return heavy.length === diffIds.length ? heavy : []
}
