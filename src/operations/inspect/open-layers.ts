/** Opens the layers of a located image. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { openEngineImages } from '../../images/engine/engine-source.ts'
import { fetchLayers } from '../../images/engine/layer-store.ts'
import type { Layer } from '../../images/image.ts'
import type { LocatedImage } from './locate-image.ts'

/**
 * Calls `use` with the layers of these diffIDs, lowest first, which can be opened until it ends. An engine's layers are fetched together.
 * @throws CnbError CNB_IMAGE_NOT_FOUND if the engine lost the image, and errors of the image's store
 */
export async function withLayers<T>(found: LocatedImage, diffIds: ReadonlySet<string>, context: Context, use: (layers: readonly Layer[]) => Promise<T>): Promise<T> {
  const wanted = (layers: readonly Layer[]): Layer[] => layers.filter(({ diffId }) => diffIds.has(diffId))
  if (found.place !== 'engine') return use(wanted(found.image.layers))
  await using images = openEngineImages(found.services.engine, found.services.owner)
  const image = await images.find(found.image.id, context)
  if (!image) throw new CnbError('CNB_IMAGE_NOT_FOUND', `image '${found.name}' no longer exists`)
  const layers = wanted(image.layers)
  if (layers.length > 1) await fetchLayers(layers, context)
  return await use(layers)
}
