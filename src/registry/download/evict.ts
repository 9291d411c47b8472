/** Reduces the cache to its budget: least recently used first. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../../oci/digest.ts'
import { cacheEntries } from './cache-entries.ts'
import { removeAbandoned } from './unfinished-file.ts'

/** In milliseconds. Another process may have content in use that was found in this time. */
export const IN_USE = 60 * 60 * 1000

/**
 * Removes content, clones and facts until the rest fits into `budget` bytes; entries of the last hour stay. Also removes unfinished files of
 * killed processes. Never throws: files may disappear at any time.
 * @param used the content of this run, which stays
 */
export async function evict(root: string, budget: number, used: ReadonlySet<Digest>): Promise<void> {
  await removeAbandoned(join(root, 'unfinished'))
  const entries = await cacheEntries(root, used)
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  const now = Date.now()
  for (const entry of entries.sort((a, b) => a.used - b.used)) {
    if (total <= budget || now - entry.used < IN_USE) return
    for (const path of entry.paths) await rm(path, { recursive: true, force: true }).catch(() => {})
    total -= entry.bytes
  }
}
