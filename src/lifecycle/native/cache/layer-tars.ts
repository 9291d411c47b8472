/** Reads cached layers in the stock lifecycle's layout: `sha256:<hex>.tar` files and one metadata file. */

import type { Readable } from 'node:stream'
import { readPlainTar } from '../../../archive/tar/plain-tar.ts'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { verified } from '../../../archive/verified-stream.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Digest } from '../../../oci/digest.ts'
import { MAX_METADATA_BYTES } from '../metadata-limit.ts'

export interface LayerTars {
  /** Returns the metadata's text; undefined if the cache has none. @throws CnbError CNB_RESTORE_FAILED as in checkCacheFile */
  metadata(context: Context): Promise<string | undefined>
  /** Returns the layer's tar; undefined if the cache does not have it. The stream fails at its end if the digest is not `diffId`. */
  open(diffId: Digest, context: Context): Promise<Readable | undefined>
}

/** @throws CnbError CNB_RESTORE_FAILED if a cache's file has more than `limit` bytes, the most that may be read into memory */
export function checkCacheFile(path: string, size: number, limit = MAX_METADATA_BYTES): void {
  if (size <= limit) return
  throw new CnbError('CNB_RESTORE_FAILED', `cannot read ${path} of the cache: it has ${size} bytes, and the limit is ${limit}`, {
    hint: 'Use --clear-cache to build without the cache.',
  })
}

/** Passes a layer's tar on. The stream fails with CNB_RESTORE_FAILED at its end if it does not have the digest `diffId`. */
export function verifiedTar(tar: Readable, diffId: Digest): Readable {
  return verified(tar, diffId, (found) =>
    new CnbError('CNB_RESTORE_FAILED', `the cached layer ${diffId} is damaged: its digest is ${found}`, {
      hint: 'Build again to rebuild the damaged layer, or use --clear-cache.',
    }),
  )
}

/**
 * Returns the entries of a layer's tar; undefined if the cache does not have it. The digest is verified after the last entry, so
 * the caller must read all entries before it uses them.
 * @throws CnbError CNB_RESTORE_FAILED if the tar is malformed; errors of its stream
 */
export async function openLayerTar(tars: LayerTars, diffId: Digest, context: Context): Promise<AsyncIterable<TarReadEntry> | undefined> {
  const tar = await tars.open(diffId, context)
  return tar && readPlainTar(tar, { source: `the cached layer ${diffId}`, invalid: 'CNB_RESTORE_FAILED', signal: context.signal })
}
