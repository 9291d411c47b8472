/** Matches the layers of two images. */

import type { NamedLayer } from '../inspect/layer-names.ts'
import type { Change } from './changes.ts'

/** A layer's digest and size, as `cnb inspect` shows them. */
interface LayerSize {
  diffId: string
  size?: number
  compressedSize?: number
}

export interface LayerChange extends Omit<Change<LayerSize>, 'change'> {
  change: Change<LayerSize>['change'] | 'reused'
  /** The id of the buildpack that created it. */
  buildpack?: string
}

/**
 * Returns the layers from the bottom up, the removed ones last. Layers with equal content are reused, under any name; of the others,
 * those of the same maker and name are one changed layer.
 */
export function compareLayers(from: readonly NamedLayer[], to: readonly NamedLayer[]): LayerChange[] {
  const gone = new Map<string, NamedLayer[]>()
  for (const layer of from) push(gone, layer.diffId, layer)
  const reused = to.map(({ diffId }) => gone.get(diffId)?.shift())
  const left = new Map<string, NamedLayer[]>()
  for (const layer of [...gone.values()].flat()) push(left, keyOf(layer), layer)
  const kept = to.map((layer, index): LayerChange => {
    const same = reused[index]
    if (same) return { ...labelOf(layer), change: 'reused', from: sizeOf(same), to: sizeOf(layer) }
    const before = left.get(keyOf(layer))?.shift()
    return before ? { ...labelOf(layer), change: 'changed', from: sizeOf(before), to: sizeOf(layer) } : { ...labelOf(layer), change: 'added', to: sizeOf(layer) }
  })
  const removed = new Set([...left.values()].flat())
  return [...kept, ...from.filter((layer) => removed.has(layer)).map((layer): LayerChange => ({ ...labelOf(layer), change: 'removed', from: sizeOf(layer) }))]
}

function push(map: Map<string, NamedLayer[]>, key: string, layer: NamedLayer): void {
  const known = map.get(key)
  if (known) known.push(layer)
  else map.set(key, [layer])
}

/** A buildpack's layer is the same one after an update of the buildpack. */
function keyOf({ maker, name, buildpack }: NamedLayer): string {
  return JSON.stringify([maker, buildpackId(buildpack), name])
}

function labelOf({ name, buildpack }: NamedLayer): Pick<LayerChange, 'name' | 'buildpack'> {
  return { name, ...(buildpack === undefined ? {} : { buildpack: buildpackId(buildpack) }) }
}

function buildpackId(buildpack = ''): string {
  return buildpack.slice(0, buildpack.lastIndexOf('@'))
}

function sizeOf({ diffId, size, compressedSize }: NamedLayer): LayerSize {
  return { diffId, size, compressedSize }
}
