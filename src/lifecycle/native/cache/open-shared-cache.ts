/** Opens the shared cache of a build plan: a directory of the host or an image in a registry. */

import type { Context } from '../../../base/events.ts'
import type { BuildStart } from '../../lifecycle.ts'
import { cacheDirectoryTars, openCacheWriter } from './cache-directory.ts'
import { openCacheImage, type CacheImages } from './cache-image.ts'
import { cacheMetadata } from './cache-metadata.ts'
import type { CacheContent, SharedCache } from './shared-cache.ts'

/** Returns undefined if the plan has no shared cache. */
export function openSharedCache(plan: BuildStart, images: CacheImages | undefined): SharedCache | undefined {
  const { cacheDirectory, cacheImage, clearCache } = plan
  if (cacheImage && images) return openCacheImage(cacheImage, images, plan)
  if (cacheDirectory === undefined) return undefined
  return {
    place: cacheDirectory,
    tars: cacheDirectoryTars(cacheDirectory),
    fill: (content, context) => fillCacheDirectory(cacheDirectory, content, { anew: clearCache }, context),
  }
}

/**
 * Replaces the content of the cache directory with the record's layers. Layers that the directory already has are not read again.
 * @param anew whether to ignore the layers of the current cache
 * @throws CnbError CNB_OUTPUT, CNB_EXPORT_FAILED; the directory is then unchanged
 */
export async function fillCacheDirectory(
  directory: string,
  { record, layerOf, sbom }: CacheContent,
  { anew }: { readonly anew: boolean },
  context: Context,
): Promise<void> {
  await using writer = await openCacheWriter(directory, { anew })
  for (const { id, layers } of record.buildpacks) {
    for (const [name, { sha }] of Object.entries(layers)) {
      await writer.add(sha, async () => (await layerOf(id, name)).open(context.signal), context)
    }
  }
  if (sbom && record.sbom.cache) await writer.add(record.sbom.cache.sha, () => sbom.open(context.signal), context)
  await writer.commit(cacheMetadata(record))
}
