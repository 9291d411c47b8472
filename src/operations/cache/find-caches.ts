/** Finds the caches of images on the engine, and the user's cache directory. */

import type { Context } from '../../base/events.ts'
import { OWNER_LABEL } from '../../docker/engine.ts'
import { ownCaches } from '../../lifecycle/cache-volumes.ts'
import { cacheDirectory } from '../../registry/download/cache-directory.ts'
import { cacheEntries, digestEntries, type CacheEntry } from '../../registry/download/cache-entries.ts'
import type { EngineServices, Host } from '../services.ts'
import { readUses } from './cache-uses.ts'
import { parseCacheVolume, type VolumeKind } from './volume-names.ts'

export interface CacheVolume {
  readonly name: string
  readonly kind: VolumeKind
  /** Whether pack uses it too. */
  readonly ofPack: boolean
  /** Bytes; undefined if volumes were not measured. */
  readonly size?: number
}

/** The volumes of one image. */
export interface ImageCache {
  /** The image's name, or the part that the names of the volumes share, if no record of this user has the image's. */
  readonly image: string
  /** Whether this user has the key of the volumes, or has built with them. */
  readonly own: boolean
  /** Whether a build that runs mounts one of the volumes. */
  readonly busy: boolean
  /** Milliseconds since 1970: of the last build of this user, or of the newest volume; undefined if unknown. */
  readonly used?: number
  /** The part that the names of the volumes share. */
  readonly cache: string
  readonly volumes: readonly CacheVolume[]
}

export interface Caches {
  /** By last use, the latest first. */
  readonly images: readonly ImageCache[]
  readonly directory: CacheDirectory
}

export interface CacheDirectory {
  readonly path: string
  readonly entries: readonly CacheEntry[]
}

/** Finds all caches, and measures the volumes if `isMeasured`. @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_ENGINE_* */
export async function findCaches({ engine, host }: Pick<EngineServices, 'engine' | 'host'>, isMeasured: boolean, context: Context): Promise<Caches> {
  const [volumes, containers, sizes, uses, own, directory] = await Promise.all([
    engine.volumes.list(undefined, context),
    engine.containers.list(OWNER_LABEL, context),
    isMeasured ? engine.volumes.sizes(context) : undefined,
    readUses(host),
    ownCaches(host),
    findDirectory(host),
  ])
  const mounted = new Set(containers.flatMap((container) => container.volumes))
  const groups = new Map<string, { volumes: CacheVolume[]; created: number[] }>()
  for (const { name, labels, created } of volumes) {
    const parsed = parseCacheVolume(name, labels)
    if (!parsed) continue
    const { cache, kind, ofPack } = parsed
    // Pack's volumes have no label; a key of this user proves that they belong to one of the user's images.
    if (ofPack && !own.has(cache) && !uses.has(cache)) continue
    const group = groups.get(cache) ?? { volumes: [], created: [] }
    groups.set(cache, group)
    const size = sizes?.get(name)
    group.volumes.push({ name, kind, ofPack, ...(size === undefined ? {} : { size }) })
    if (created !== undefined) group.created.push(created)
  }
  const images = [...groups].map(([cache, group]): ImageCache => {
    const use = uses.get(cache)
    const used = Math.max(use?.used ?? 0, ...group.created)
    return {
      image: use?.image ?? own.get(cache) ?? cache,
      own: use !== undefined || own.has(cache),
      busy: group.volumes.some(({ name }) => mounted.has(name)),
      ...(used === 0 ? {} : { used }),
      cache,
      volumes: group.volumes.sort((a, b) => (a.name < b.name ? -1 : 1)),
    }
  })
  return { images: images.sort((a, b) => (b.used ?? 0) - (a.used ?? 0) || (a.image < b.image ? -1 : 1)), directory }
}

/** Lists the cache directory, without the uses of images' caches. */
async function findDirectory(host: Host): Promise<CacheDirectory> {
  const path = cacheDirectory(host)
  const [entries, digests] = await Promise.all([cacheEntries(path), digestEntries(path)])
  return { path, entries: [...entries.filter(({ kind }) => kind !== 'uses'), ...digests] }
}
