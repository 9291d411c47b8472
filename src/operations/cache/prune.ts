/** Removes caches. */

import { rm } from 'node:fs/promises'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { Limiter } from '../../base/limiter.ts'
import { engineStatus, isEngineGone } from '../../docker/engine-errors.ts'
import { cacheEntries, digestEntries, type CacheEntry } from '../../registry/download/cache-entries.ts'
import type { EngineServices } from '../services.ts'
import { readUses, useFile } from './cache-uses.ts'
import type { CacheVolume, ImageCache } from './find-caches.ts'
import type { KeptCache, PrunedCache, PrunePlan } from './plan-prune.ts'

export interface Pruned {
  readonly caches: readonly ImageCache[]
  readonly entries: readonly CacheEntry[]
  readonly kept: readonly KeptCache[]
  readonly failures: readonly CnbError[]
}

/** More requests at the same time are not faster. */
const CONCURRENCY = 8

/**
 * Removes the items of the plan, except those that a build has started to use since. Volumes in use stay, and so do those that the engine
 * cannot remove.
 * @throws CnbError CNB_ENGINE_UNREACHABLE, CNB_ENGINE_LOST, CNB_INTERRUPTED
 */
export async function prune(plan: PrunePlan, services: Pick<EngineServices, 'engine' | 'host'>, context: Context): Promise<Pruned> {
  const limiter = new Limiter(CONCURRENCY)
  const uses = await readUses(services.host)
  const kept = [...plan.kept]
  const failures: CnbError[] = []
  const caches = await Promise.all(
    plan.caches.map((cache) =>
      limiter.run(async (): Promise<ImageCache | undefined> => {
        throwIfAborted(context.signal)
        if ((uses.get(cache.cache)?.used ?? 0) > (cache.used ?? 0)) {
          kept.push({ image: cache.image, reason: 'a build has used it since' })
          return undefined
        }
        const volumes = await removeVolumes(cache, services, (refusal) => {
          if (engineStatus(refusal) === 409) kept.push({ image: cache.image, reason: refusal.message })
          else failures.push(refusal)
        })
        if (cache.isWhole && volumes.length === cache.volumes.length) await rm(useFile(cache.cache, services.host), { force: true }).catch(() => {})
        return volumes.length === 0 ? undefined : { ...cache, volumes }
      }),
    ),
  )
  throwIfAborted(context.signal)
  return { caches: caches.filter((cache) => cache !== undefined), entries: await removeEntries(plan, failures), kept, failures }
}

/**
 * Removes the layers first: if a build uses them, its record must stay. A build that starts in between finds a record without layers, and
 * makes them again, because their fingerprints differ.
 * @returns the removed volumes
 */
async function removeVolumes({ volumes }: PrunedCache, { engine }: Pick<EngineServices, 'engine'>, refused: (error: CnbError) => void): Promise<CacheVolume[]> {
  const remove = async (volume: CacheVolume): Promise<CacheVolume[]> => {
    try {
      await engine.volumes.remove(volume.name)
      return [volume]
    } catch (error) {
      if (!(error instanceof CnbError) || isEngineGone(error)) throw error
      refused(error)
      return []
    }
  }
  const layers = volumes.filter(({ kind }) => kind === 'layers')
  const first = (await Promise.all(layers.map(remove))).flat()
  if (first.length < layers.length) return first
  return [...first, ...(await Promise.all(volumes.filter(({ kind }) => kind !== 'layers').map(remove))).flat()]
}

async function removeEntries({ directory, entries }: PrunePlan, failures: CnbError[]): Promise<CacheEntry[]> {
  if (entries.length === 0) return []
  const now = new Map([...(await cacheEntries(directory)), ...(await digestEntries(directory))].map(({ paths, used }) => [paths[0], used]))
  const removed: CacheEntry[] = []
  for (const entry of entries) {
    if (now.get(entry.paths[0]) !== entry.used) continue
    try {
      for (const path of entry.paths) await rm(path, { recursive: true, force: true })
      removed.push(entry)
    } catch (error) {
      failures.push(new CnbError('CNB_OUTPUT', `cannot remove ${entry.paths[0]} from the cache: ${(error as Error).message}`, { cause: error }))
    }
  }
  return removed
}
