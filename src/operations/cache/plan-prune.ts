/** Decides which caches `cnb cache prune` removes. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { parseAge } from '../../formats/age.ts'
import { parseByteSize } from '../../formats/byte-size.ts'
import { familiarName, parseTag } from '../../oci/reference.ts'
import type { CacheEntry } from '../../registry/download/cache-entries.ts'
import { IN_USE } from '../../registry/download/evict.ts'
import type { EngineServices } from '../services.ts'
import { type Budget, chooseRemovals } from './choose.ts'
import { type Caches, findCaches, type ImageCache } from './find-caches.ts'

export interface PruneOptions {
  /** Images; empty for all, and for the cache directory. */
  readonly images: readonly string[]
  readonly all?: boolean | undefined
  /** `30d` */
  readonly olderThan?: string | undefined
  /** `20GB` */
  readonly keepSize?: string | undefined
  /** Includes caches of other users of cnb, and those of lost keys. */
  readonly otherKeys?: boolean | undefined
  /** Includes the volumes that pack uses too. */
  readonly pack?: boolean | undefined
}

interface Automatic {
  /** Whether a build does it: only caches of images, and none that was used in the last hour. */
  readonly isAutomatic?: boolean
}

/** A cache with the volumes to remove. */
export interface PrunedCache extends ImageCache {
  /** Whether no volume stays. */
  readonly isWhole: boolean
}

/** A cache, or a volume of it, that a build or another container uses. */
export interface KeptCache {
  readonly image: string
  readonly reason: string
}

export interface PrunePlan {
  readonly caches: readonly PrunedCache[]
  readonly entries: readonly CacheEntry[]
  readonly directory: string
  /** Caches that stay although the options name them, because a build that runs uses them. */
  readonly kept: readonly KeptCache[]
}

/**
 * Plans a prune. Only a budget of size, and the amount that is freed, need the sizes of volumes.
 * @throws CnbError CNB_USAGE, CNB_DESCRIPTOR_INVALID, CNB_ENGINE_*
 */
export async function planPrune(options: PruneOptions & Automatic, services: Pick<EngineServices, 'engine' | 'host'>, context: Context, now = Date.now()): Promise<PrunePlan> {
  const budget = budgetOf(options, now)
  const found = await findCaches(services, budget.bytes !== undefined, context)
  const caches = selectCaches(found, options, context)
  const entries = options.images.length > 0 || options.isAutomatic ? [] : found.directory.entries
  const removed = chooseRemovals([
    ...caches.map((cache) => ({ cache, used: cache.used ?? 0, bytes: cacheSize(cache) ?? 0, stays: cache.busy || (options.isAutomatic === true && now - (cache.used ?? 0) < IN_USE) })),
    // Another process may have them open.
    ...entries.map((entry) => ({ entry, used: entry.used, bytes: entry.bytes, stays: now - entry.used < IN_USE })),
  ], budget)
  const plan = {
    caches: removed.flatMap((item) => ('cache' in item ? item.cache : [])),
    entries: removed.flatMap((item) => ('entry' in item ? item.entry : [])),
    directory: found.directory.path,
    kept: (budget.all ? caches.filter(({ busy }) => busy) : []).map(({ image }) => ({ image, reason: 'a build uses it' })),
  }
  return budget.bytes !== undefined || plan.caches.length === 0 ? plan : { ...plan, caches: await measure(plan.caches, services, context) }
}

/** Returns the bytes in the volumes; undefined if they were not measured. */
export function cacheSize({ volumes }: Pick<ImageCache, 'volumes'>): number | undefined {
  const sizes = volumes.flatMap(({ size }) => size ?? [])
  return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0)
}

function budgetOf({ images, all = false, olderThan, keepSize }: PruneOptions, now: number): Budget {
  if (all && (olderThan !== undefined || keepSize !== undefined)) {
    throw new CnbError('CNB_USAGE', '--all and a budget cannot be used together', { hint: 'Remove --all, or remove --older-than and --keep-size.' })
  }
  const age = olderThan === undefined ? undefined : parseAge(olderThan)
  if (olderThan !== undefined && age === undefined) throw new CnbError('CNB_USAGE', `'${olderThan}' is not an age`, { hint: "Use a number with a unit, such as '12h', '30d' or '4w'." })
  const bytes = keepSize === undefined ? undefined : parseByteSize(keepSize)
  if (keepSize !== undefined && bytes === undefined) throw new CnbError('CNB_USAGE', `'${keepSize}' is not a size`, { hint: "Use a number with a unit, such as '512m' or '20g'." })
  const isUnlimited = age === undefined && bytes === undefined
  if (isUnlimited && !all && images.length === 0) {
    throw new CnbError('CNB_USAGE', 'cannot choose caches to remove: no image and no budget is given', { hint: 'Name images, or use --older-than, --keep-size or --all.' })
  }
  return { all: isUnlimited, usedBefore: age === undefined ? undefined : now - age, bytes }
}

function selectCaches({ images }: Caches, options: PruneOptions, { events }: Context): PrunedCache[] {
  const { otherKeys = false, pack = false } = options
  const names = options.images.map((image) => ({ image, names: namesOf(image) }))
  const named = names.length === 0 ? images : images.filter((cache) => names.some((each) => isNamed(cache, each.names)))
  for (const each of names) {
    const found = named.filter((cache) => isNamed(cache, each.names))
    if (found.length === 0) events?.({ type: 'warning', message: `no cache of '${each.image}' exists` })
    else if (!otherKeys && found.every(({ own }) => !own)) events?.({ type: 'warning', message: `the cache '${each.image}' stays: it has another user's key, or a lost one; to remove it: --other-keys` })
  }
  return named.flatMap((cache) => {
    if (!cache.own && !otherKeys) return []
    const volumes = cache.volumes.filter(({ ofPack }) => pack || !ofPack)
    return volumes.length === 0 ? [] : [{ ...cache, volumes, isWhole: volumes.length === cache.volumes.length }]
  })
}

/** An image's name, or the name by which `cnb cache ls` lists a cache of an unknown image. */
function namesOf(text: string): readonly string[] {
  try {
    return [text, familiarName(parseTag(text))]
  } catch {
    return [text]
  }
}

function isNamed({ image, cache }: ImageCache, names: readonly string[]): boolean {
  return names.includes(image) || names.includes(cache)
}

/** A prune only reports the sizes, and does not need them. */
async function measure(caches: readonly PrunedCache[], { engine }: Pick<EngineServices, 'engine'>, context: Context): Promise<PrunedCache[]> {
  const sizes = await engine.volumes.sizes(context).catch((error: unknown) => {
    context.signal?.throwIfAborted()
    context.events?.({ type: 'debug', message: `the volumes are not measured: ${(error as Error).message}` })
    return new Map<string, number>()
  })
  return caches.map((cache) => ({
    ...cache,
    volumes: cache.volumes.map((volume) => {
      const size = sizes.get(volume.name)
      return size === undefined ? volume : { ...volume, size }
    }),
  }))
}
