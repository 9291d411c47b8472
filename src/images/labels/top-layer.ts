/** The place of the run image's layers in an app image. */

import type { LifecycleMetadata } from './lifecycle-metadata.ts'

/**
 * Returns the index of the old base's top layer, or -1. All empty layers have the same diffID: the top layer's may occur again below it
 * or among the app's layers. The result is the last occurrence below the app's first layer.
 */
export function topLayerIndex(diffIds: readonly string[], metadata: LifecycleMetadata): number {
  const { topLayer } = metadata
  const own = new Set([
    ...metadata.buildpacks.flatMap(({ layers }) => [...layers.values()].filter(({ launch }) => launch).map(({ sha }) => sha)),
    ...metadata.app,
    ...[metadata.sbom, metadata.launcher, metadata.config, metadata.processTypes],
  ])
  own.delete(topLayer)
  const firstOwn = diffIds.findIndex((diffId) => own.has(diffId))
  return firstOwn > 0 ? Math.max(diffIds.lastIndexOf(topLayer, firstOwn - 1), diffIds.indexOf(topLayer)) : diffIds.indexOf(topLayer)
}
