/** The names of cache volumes (lifecycle/cache-volumes.ts), read backwards. */

import { CACHE_LABELS } from '../../lifecycle/cache-volumes.ts'

/** The content of a cache volume; `build` and `launch` are pack's two. */
export type VolumeKind = 'layers' | 'record' | 'state' | 'app' | 'inputs' | 'kaniko' | 'build' | 'launch'

export interface CacheVolumeName {
  /** The part that the names of an image's volumes share. */
  readonly cache: string
  readonly kind: VolumeKind
  /** Whether it has one of pack's names, so pack uses it too. */
  readonly ofPack: boolean
}

const DEFAULT = /^(cnb|pack)-cache-(.+-[0-9a-f]{12})\.(layers|record|state|app|inputs|kaniko|build|launch)(?:[.-][\w.-]+)?$/
/** The user's own name in `--cache type=build;format=volume;name=…`, with which the names of the native driver's volumes begin. */
const CHOSEN = /^(.+)\.(layers|record|state|app|inputs|kaniko)(?:[.-][\w.-]+)?$/

/**
 * Parses the name of a cache volume. Returns undefined for all other volumes: cnb labels those that it makes, and pack labels none.
 * @param labels of the volume
 */
export function parseCacheVolume(name: string, labels: Readonly<Record<string, string>>): CacheVolumeName | undefined {
  const isLabelled = Object.entries(CACHE_LABELS).every(([label, value]) => labels[label] === value)
  const [, tool, cache, kind] = DEFAULT.exec(name) ?? []
  if (cache !== undefined) return isLabelled || tool === 'pack' ? { cache, kind: kind as VolumeKind, ofPack: tool === 'pack' } : undefined
  if (!isLabelled) return undefined
  const [, chosen, chosenKind] = CHOSEN.exec(name) ?? []
  return chosen === undefined ? { cache: name, kind: 'build', ofPack: true } : { cache: chosen, kind: chosenKind as VolumeKind, ofPack: false }
}
