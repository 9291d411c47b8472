/** The documents of `cnb cache` for programs. */

import type { CacheDirectory, Caches, ImageCache } from '../../../operations/cache/find-caches.ts'
import { cacheSize } from '../../../operations/cache/plan-prune.ts'

/** Of `cnb cache ls` and `du`. */
export function cachesDocument({ images, directory }: Caches): object {
  return {
    images: images.map((image) => ({ ...cacheDocument(image), ...(image.used === undefined ? {} : { lastUsed: new Date(image.used).toISOString() }), own: image.own, inUse: image.busy })),
    directory: { path: directory.path, size: entriesSize(directory.entries), kinds: entryKinds(directory.entries) },
  }
}

/** One image, with its volumes; sizes only if they are known. */
export function cacheDocument(cache: Pick<ImageCache, 'image' | 'cache' | 'volumes'>): object {
  const size = cacheSize(cache)
  return { image: cache.image, cache: cache.cache, ...(size === undefined ? {} : { size }), volumes: cache.volumes }
}

type Entries = CacheDirectory['entries']

interface EntryKind {
  readonly kind: Entries[number]['kind']
  readonly entries: number
  readonly size: number
}

export function entryKinds(entries: Entries): EntryKind[] {
  const kinds = [...new Set(entries.map(({ kind }) => kind))]
  return kinds.map((kind) => {
    const own = entries.filter((entry) => entry.kind === kind)
    return { kind, entries: own.length, size: entriesSize(own) }
  })
}

export function entriesSize(entries: Entries): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0)
}
