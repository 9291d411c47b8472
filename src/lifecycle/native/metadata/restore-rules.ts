/**
 * Decides which layers of the last build to restore.
 * Follows buildpack.md "Layer Types", and lifecycle internal/layer/metadata_restorer.go and phase/restorer.go.
 */

import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { compareBytes } from '../../../formats/go/json.ts'
import { labelJson } from '../export/label-json.ts'
import type { LayerTypes, RestoreDecision } from '../model.ts'

/** A layer from an image's label or a cache's metadata. */
export interface KnownLayer extends LayerTypes {
  readonly sha: string
  readonly data: unknown
}

interface RestoredLayer {
  readonly name: string
  readonly data: unknown
  readonly types: LayerTypes
  /** Whether its contents are restored from the cache. */
  readonly contents: boolean
}

export interface RestoredLayers {
  readonly layers: readonly RestoredLayer[]
  /** The log lines of the restorer. */
  readonly lines: readonly string[]
  readonly decisions: readonly RestoreDecision[]
}

/** Files of the buildpack according to ReadLayersDir: for a cached layer of such a name only its metadata is restored. */
const NOT_LAYERS = new Set(['store', 'launch', 'build'])

/**
 * Returns the layers to restore for one buildpack.
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
    // Before 0.14 a cached layer of the image was not restored if the image was lost.
    if (!layer.cache || (layer.launch && (app.has(name) || !hasFeature(platformApi, 'cachedLaunchLayers')))) continue
    lines.push(`Restoring metadata for ${quote(id, name)} from cache`)
    found.set(name, layer)
  }
  const layers: RestoredLayer[] = []
  for (const [name, { sha, data, build, launch, cache: inCache }] of sorted(found)) {
    const cached = NOT_LAYERS.has(name) ? undefined : cache.get(name)
    if (cached?.cache && cached.sha !== sha) {
      lines.push(`Removing ${quote(id, name)}, wrong sha`)
      decide(name, 'dropped', 'its contents in the cache differ from those in the previous image')
      continue
    }
    if (cached?.cache) lines.push(`Restoring data for ${quote(id, name)} from cache`)
    if (cached?.cache) decide(name, 'restored', 'the cache contains it')
    else if (NOT_LAYERS.has(name)) decide(name, 'metadata restored', 'its name is reserved for a file of the buildpack')
    else decide(name, 'metadata restored', 'it is a launch layer without cache = true: its contents remain in the previous image')
    layers.push({ name, data, types: { build, launch, cache: inCache }, contents: cached?.cache ?? false })
  }
  for (const name of new Set([...app.keys(), ...cache.keys()])) {
    if (!found.has(name)) decide(name, 'dropped', whyNotFound(app.get(name), cache.get(name)))
  }
  return { layers, lines, decisions }
}

/** Whether to restore the image's metadata. A `build` or `cache` layer is restored only together with its contents. */
function comesFromApp(layer: KnownLayer, cached: KnownLayer | undefined): boolean {
  if (!layer.launch || (layer.build && !layer.cache)) return false
  return !layer.cache || cached?.cache === true
}

/** Returns why neither the image nor the cache restores a layer. */
function whyNotFound(layer: KnownLayer | undefined, cached: KnownLayer | undefined): string {
  if (layer && !layer.launch) return 'it was neither a launch layer nor a cached one'
  if (layer?.build && !layer.cache) return 'builds need its contents, and it is not cached'
  if (layer) return 'the cache does not contain it'
  return cached?.launch ? 'the previous image does not have it' : 'it was not cached'
}

/** Takes the data of the cache if it is equal, because a label does not distinguish `2.0` from `2`. */
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
