/** The layer that holds an app's software bills of materials (platform.md "SBOM"): `/layers/sbom/launch/…`. */

import { readTar } from '../archive/tar-reader.ts'
import type { Context } from '../base/events.ts'
import type { LayerFacts } from './image-facts.ts'
import type { LocatedImage } from './locate-image.ts'

/** With nothing to tell the lifecycle adds the layer all the same: it holds an empty list of the old format, of this many bytes. */
const EMPTY_BYTES = 5

/** What weighs more holds more than that list, however badly it is compressed. */
const SMALL_BLOB = 16 * 1024

/** Whether there is anything in the layer. A registry tells only what it weighs as a blob, so that a light one is looked into. */
export async function hasSbom(found: LocatedImage, layer: LayerFacts | undefined, context: Context): Promise<boolean> {
  if (!layer) return false
  if (found.place === 'engine') return layer.size === undefined || layer.size > EMPTY_BYTES
  if ((layer.compressedSize ?? 0) > SMALL_BLOB) return true
  const stored = found.image.layers.find(({ diffId }) => diffId === layer.diffId)
  return stored !== undefined && (await bytesIn(await stored.open(context.signal), context)) > EMPTY_BYTES
}

async function bytesIn(tar: Parameters<typeof readTar>[0], { signal }: Context): Promise<number> {
  let bytes = 0
  for await (const entry of readTar(tar, { source: 'the SBOM layer', signal })) if (entry.type === 'file') bytes += entry.size
  return bytes
}
