/** An image's configuration, reconstructed from `docker inspect` and `docker history`. */

import type { EngineHistory, EngineImage } from '../../docker/engine.ts'
import type { HistoryEntry, ImageConfig } from '../../oci/config.ts'

/**
 * The container settings of an image. Old engines add the settings of the container that the image was committed from. The lifecycle
 * omits them too (imgutil local/v1_facade.go): with other keys, image IDs would differ from the lifecycle's.
 */
const IMAGE_SETTINGS = [
  ...['Cmd', 'Healthcheck', 'Entrypoint', 'Env', 'Labels', 'OnBuild', 'User', 'Volumes'],
  ...['WorkingDir', 'ExposedPorts', 'StopSignal', 'Shell'],
]

/** Returns the configuration that the lifecycle reads from the engine for this image. */
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
 * Returns one entry for each layer, oldest first. The engine does not report which entries are without a layer: entries of a history
 * of another length cannot be matched to layers, and are empty (imgutil's NormalizedHistory).
 */
function historyOfLayers({ diffIds }: EngineImage, history: readonly EngineHistory[]): HistoryEntry[] {
  if (history.length !== diffIds.length) return diffIds.map(() => ({}))
  return history.toReversed().map(({ created, createdBy, comment }) => ({
    created: new Date(created * 1000).toISOString().replace('.000Z', 'Z'),
    ...(createdBy === '' ? {} : { created_by: createdBy }),
    ...(comment === '' ? {} : { comment }),
  }))
}
