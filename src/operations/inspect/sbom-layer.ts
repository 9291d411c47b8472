/** Reader of an app image's SBOM layer (buildpack.md "Software-Bill-of-Materials"). */

import type { Readable } from 'node:stream'
import type { TarReadEntry } from '../../archive/tar/tar-reader.ts'
import type { Context } from '../../base/events.ts'
import type { LayerFacts } from './image-facts.ts'
import type { LocatedImage } from './locate-image.ts'

/** The directory of the SBOM files; other entries are ignored. */
const ROOT = 'layers/sbom/'

/** The file size of a layer without an SBOM: the lifecycle then adds an empty list in the legacy format. */
const EMPTY_BYTES = 5

/** A larger blob contains more than the empty list, at any compression level. */
const SMALL_BLOB = 16 * 1024

/** Returns whether the layer contains an SBOM. A registry reports only the compressed size, so a small blob is read. */
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
 * Yields the files and directories of the layer. The names have no leading slash, unlike in the lifecycle's tar.
 * @throws CnbError CNB_IMAGE_INVALID for an invalid tar, and the errors of the stream
 */
export async function* sbomEntries(tar: Readable, { signal }: Context): AsyncGenerator<TarReadEntry, void, undefined> {
  const { readTar } = await import('../../archive/tar/tar-reader.ts')
  for await (const entry of readTar(tar, { source: 'the SBOM layer', invalid: 'CNB_IMAGE_INVALID', signal })) {
    const name = entry.name.subarray(entry.name[0] === SLASH ? 1 : 0)
    if ((entry.type === 'file' || entry.type === 'directory') && name.toString('latin1').startsWith(ROOT)) yield { ...entry, name }
  }
}

const SLASH = '/'.charCodeAt(0)
