/** The last use of each image's cache by this user, in a small file: a volume's labels are final. */

import { readdir, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { recordOf, stringOf } from '../../formats/lenient-values.ts'
import type { BuildStart } from '../../lifecycle/lifecycle.ts'
import { familiarName } from '../../oci/reference.ts'
import { cacheDirectory } from '../../registry/download/cache-directory.ts'
import { USES } from '../../registry/download/cache-entries.ts'
import { Facts } from '../../registry/download/facts.ts'
import type { Host } from '../services.ts'
import { parseCacheVolume } from './volume-names.ts'
import { CACHE_LABELS } from '../../lifecycle/cache-volumes.ts'

export interface CacheUse {
  readonly image: string
  /** Milliseconds since 1970. */
  readonly used: number
}

/** Records that a build uses the image's cache. Never throws: the build does not depend on it. */
export async function recordUse({ image, cacheVolumes }: Pick<BuildStart, 'image' | 'cacheVolumes'>, host: Host): Promise<void> {
  const cache = parseCacheVolume(cacheVolumes.layers, CACHE_LABELS)?.cache
  if (cache !== undefined) await factsOf(host).write(USES, cache, { cache, image: familiarName(image) }).catch(() => {})
}

const MAX_BYTES = 64 * 1024

/** Returns the recorded uses by cache (CacheVolumeName.cache). Never throws. */
export async function readUses(host: Host): Promise<Map<string, CacheUse>> {
  const folder = join(cacheDirectory(host), 'facts', USES)
  const files = await readdir(folder).catch(() => [])
  const uses = await Promise.all(files.map((file) => readUse(join(folder, file)).catch(() => undefined)))
  return new Map(uses.filter((use) => use !== undefined))
}

async function readUse(file: string): Promise<[string, CacheUse] | undefined> {
  const [{ mtimeMs: used }, text] = await Promise.all([lstat(file), readBounded(file, { max: MAX_BYTES })])
  const value = recordOf(recordOf(JSON.parse(text.toString())).value)
  const [cache, image] = [stringOf(value.cache), stringOf(value.image)]
  return cache === undefined || image === undefined ? undefined : [cache, { image, used }]
}

/** Returns the file with the use of a cache. */
export function useFile(cache: string, host: Host): string {
  return factsOf(host).pathOf(USES, cache)
}

function factsOf(host: Host): Facts {
  return new Facts(join(cacheDirectory(host), 'facts'))
}
