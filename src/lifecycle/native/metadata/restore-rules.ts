/** Which layers of the last build a buildpack finds again (buildpack.md "Layer Types"; lifecycle internal/layer/metadata_restorer.go, phase/restorer.go). */

import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { compareBytes } from '../../../formats/go/json.ts'
import { labelJson } from '../export/label-json.ts'
import type { LayerTypes } from '../model.ts'

/** A layer as an image's label or a cache's metadata tells of it. */
export interface KnownLayer extends LayerTypes {
  readonly sha: string
  readonly data: unknown
}

interface RestoredLayer {
  readonly name: string
  readonly data: unknown
  readonly types: LayerTypes
  /** Whether its contents come back from the cache. */
  readonly contents: boolean
}

export interface RestoredLayers {
  readonly layers: readonly RestoredLayer[]
  /** What the restorer says. */
  readonly lines: readonly string[]
}

/** Files that ReadLayersDir takes for the buildpack's own: a cached layer of such a name gets its metadata and no contents. */
const NOT_LAYERS = new Set(['store', 'launch', 'build'])

/**
 * One buildpack's.
 * @param app its layers in the previous image
 * @param cache its layers in the cache
 */
export function restoredLayers(
  id: string,
  app: ReadonlyMap<string, KnownLayer>,
  cache: ReadonlyMap<string, KnownLayer>,
  platformApi: ApiVersion,
): RestoredLayers {
  const lines: string[] = []
  const found = new Map<string, KnownLayer>()
  for (const [name, layer] of sorted(app)) {
    if (!comesFromApp(layer, cache.get(name))) continue
    lines.push(`Restoring metadata for ${quote(id, name)} from app image`)
    found.set(name, withExactData(layer, cache.get(name)))
  }
  for (const [name, layer] of sorted(cache)) {
    // Before 0.14 a layer of the image that is also cached did not come back into an image that lost it.
    if (!layer.cache || (layer.launch && (app.has(name) || !hasFeature(platformApi, 'cachedLaunchLayers')))) continue
    lines.push(`Restoring metadata for ${quote(id, name)} from cache`)
    found.set(name, layer)
  }
  const layers: RestoredLayer[] = []
  for (const [name, { sha, data, build, launch, cache: inCache }] of sorted(found)) {
    const cached = NOT_LAYERS.has(name) ? undefined : cache.get(name)
    if (cached?.cache && cached.sha !== sha) {
      lines.push(`Removing ${quote(id, name)}, wrong sha`)
      continue
    }
    if (cached?.cache) lines.push(`Restoring data for ${quote(id, name)} from cache`)
    layers.push({ name, data, types: { build, launch, cache: inCache }, contents: cached?.cache ?? false })
  }
  return { layers, lines }
}

/** A layer that must be in the build container (`build`) or in the cache comes with its contents or not at all. */
function comesFromApp(layer: KnownLayer, cached: KnownLayer | undefined): boolean {
  if (!layer.launch || (layer.build && !layer.cache)) return false
  return !layer.cache || cached?.cache === true
}

/** A label does not tell `2.0` from `2`; a cache that has the same data may. */
function withExactData(layer: KnownLayer, cached: KnownLayer | undefined): KnownLayer {
  const json = (data: unknown): string => labelJson(data, 'metadata')
  return cached && json(cached.data) === json(layer.data) ? { ...layer, data: cached.data } : layer
}

function sorted<T>(layers: ReadonlyMap<string, T>): [string, T][] {
  return [...layers].sort(([a], [b]) => compareBytes(a, b))
}

function quote(id: string, layer: string): string {
  return JSON.stringify(`${id}:${layer}`)
}
