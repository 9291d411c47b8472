/** The layer that holds an app's software bills of materials (buildpack.md "Software-Bill-of-Materials"): `/layers/sbom/launch/…`. */

import type { Readable } from 'node:stream'
import { readTar, type TarReadEntry } from '../../archive/tar/tar-reader.ts'
import type { Context } from '../../base/events.ts'
import type { LayerFacts } from './image-facts.ts'
import type { LocatedImage } from './locate-image.ts'

/** Where it has its files, and anything else has no business in it. */
const ROOT = 'layers/sbom/'

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
  if (!stored) return false
  let bytes = 0
  for await (const { type, size } of sbomEntries(await stored.open(context.signal), context)) if (type === 'file') bytes += size
  return bytes > EMPTY_BYTES
}

/**
 * The files and directories of the layer, by names without the leading slash that the lifecycle gives them.
 * @throws CnbError CNB_IMAGE_INVALID for what is no tar, and what `tar` fails with
 */
export async function* sbomEntries(tar: Readable, { signal }: Context): AsyncGenerator<TarReadEntry, void, undefined> {
  for await (const entry of readTar(tar, { source: 'the SBOM layer', invalid: 'CNB_IMAGE_INVALID', signal })) {
    const name = entry.name.subarray(entry.name[0] === SLASH ? 1 : 0)
    if ((entry.type === 'file' || entry.type === 'directory') && name.toString('latin1').startsWith(ROOT)) yield { ...entry, name }
  }
}

const SLASH = '/'.charCodeAt(0)
