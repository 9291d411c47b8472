/** An image's configuration as far as an engine tells it: what `docker inspect` and `docker history` give of it. */

import type { EngineHistory, EngineImage } from '../../docker/engine.ts'
import type { HistoryEntry, ImageConfig } from '../../oci/config.ts'

/**
 * What an image says of containers. An old engine mixes in the settings of the container that the image was committed from,
 * which the lifecycle leaves out too (imgutil local/v1_facade.go); anything more would give other image IDs than it gives.
 */
const IMAGE_SETTINGS = [
  ...['Cmd', 'Healthcheck', 'Entrypoint', 'Env', 'Labels', 'OnBuild', 'User', 'Volumes'],
  ...['WorkingDir', 'ExposedPorts', 'StopSignal', 'Shell'],
]

/** The config that the lifecycle would read from the engine for this image. */
export function engineImageConfig(image: EngineImage, history: readonly EngineHistory[]): ImageConfig {
  const settings = IMAGE_SETTINGS.filter((key) => image.config[key] !== undefined && image.config[key] !== null)
  return {
    architecture: image.platform.architecture,
    os: image.platform.os,
    ...(image.platform.variant ? { variant: image.platform.variant } : {}),
    ...(image.osVersion ? { 'os.version': image.osVersion } : {}),
    ...(image.author ? { author: image.author } : {}),
    ...(image.created ? { created: image.created } : {}),
    config: Object.fromEntries(settings.map((key) => [key, image.config[key]])),
    rootfs: { type: 'layers', diff_ids: [...image.diffIds] },
    history: historyOfLayers(image, history),
  }
}

/**
 * One entry for each layer, oldest first. The engine does not tell which of its entries made no layer, so that a history of
 * another length says nothing of any layer, and is blank (imgutil's NormalizedHistory).
 */
function historyOfLayers({ diffIds }: EngineImage, history: readonly EngineHistory[]): HistoryEntry[] {
  if (history.length !== diffIds.length) return diffIds.map(() => ({}))
  return history.toReversed().map(({ created, createdBy, comment }) => ({
    created: new Date(created * 1000).toISOString().replace('.000Z', 'Z'),
    ...(createdBy === '' ? {} : { created_by: createdBy }),
    ...(comment === '' ? {} : { comment }),
  }))
}
