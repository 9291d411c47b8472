/** Opens the cache that the user names, in place of the volumes of one engine. */

import type { Context } from '../../../base/events.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { cacheDirectoryTars, openCacheWriter } from './cache-directory.ts'
import { openCacheImage, type CacheImages } from './cache-image.ts'
import { cacheMetadata } from './cache-metadata.ts'
import type { CacheContent, SharedCache } from './shared-cache.ts'

/** Undefined where the plan names none. */
export function openSharedCache(plan: BuildPlan, images: CacheImages | undefined): SharedCache | undefined {
  const { cacheDirectory, cacheImage, clearCache } = plan
  if (cacheImage && images) return openCacheImage(cacheImage, images, plan)
  if (cacheDirectory === undefined) return undefined
  return {
    place: cacheDirectory,
    tars: cacheDirectoryTars(cacheDirectory),
    fill: (content, context) => fillCacheDirectory(cacheDirectory, content, { anew: clearCache }, context),
    [Symbol.asyncDispose]: async () => {},
  }
}

/**
 * Puts the record's layers in the place of what is in the directory; those that are there already are not read.
 * @param anew whether nothing of what is there may be taken over
 * @throws CnbError CNB_OUTPUT, CNB_EXPORT_FAILED, the directory being as it was
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
