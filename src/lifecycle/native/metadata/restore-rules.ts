/** Which layers of the last build a buildpack finds again (buildpack.md "Layer Types"; lifecycle internal/layer/metadata_restorer.go, phase/restorer.go). */

import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { compareBytes } from '../../../formats/go/json.ts'
import { labelJson } from '../export/label-json.ts'
import type { LayerTypes, RestoreDecision } from '../model.ts'

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
  readonly decisions: readonly RestoreDecision[]
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
  const decisions: RestoreDecision[] = []
  const decide = (layer: string, outcome: RestoreDecision['outcome'], reason: string): unknown => decisions.push({ layer, outcome, reason })
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
      decide(name, 'dropped', 'the cache holds other contents of it than the previous image')
      continue
    }
    if (cached?.cache) lines.push(`Restoring data for ${quote(id, name)} from cache`)
    if (cached?.cache) decide(name, 'restored', 'the cache holds its contents')
    else if (NOT_LAYERS.has(name)) decide(name, 'metadata restored', 'its name is reserved for a file of the buildpack')
    else decide(name, 'metadata restored', 'it is a launch layer without cache = true: its contents stay in the previous image')
    layers.push({ name, data, types: { build, launch, cache: inCache }, contents: cached?.cache ?? false })
  }
  for (const name of new Set([...app.keys(), ...cache.keys()])) {
    if (!found.has(name)) decide(name, 'dropped', whyNotFound(app.get(name), cache.get(name)))
  }
  return { layers, lines, decisions }
}

/** A layer that must be in the build container (`build`) or in the cache comes with its contents or not at all. */
function comesFromApp(layer: KnownLayer, cached: KnownLayer | undefined): boolean {
  if (!layer.launch || (layer.build && !layer.cache)) return false
  return !layer.cache || cached?.cache === true
}

/** Why neither image nor cache brings a layer back. */
function whyNotFound(layer: KnownLayer | undefined, cached: KnownLayer | undefined): string {
  if (layer && !layer.launch) return 'it was neither a launch layer nor a cached one'
  if (layer?.build && !layer.cache) return 'it is needed during builds, and it is not cached'
  if (layer) return 'the previous image has it, and the cache has lost its contents'
  return cached?.launch ? 'the previous image has lost it' : 'it was not cached'
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
