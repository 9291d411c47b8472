/** Cached layers as the stock lifecycle keeps them: `sha256:<hex>.tar` beside one metadata file, wherever those are. */

import type { Readable } from 'node:stream'
import { readTar, type TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { verified } from '../../../archive/verified-stream.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Digest } from '../../../oci/digest.ts'
import { MAX_METADATA_BYTES } from '../metadata-limit.ts'

export interface LayerTars {
  /** The metadata's text; undefined where there is none. @throws CnbError CNB_RESTORE_FAILED as checkCacheFile */
  metadata(context: Context): Promise<string | undefined>
  /** The layer's tar; undefined where it is not there. */
  open(diffId: Digest, context: Context): Promise<Readable | undefined>
}

/** @throws CnbError CNB_RESTORE_FAILED for a file of a cache that is larger than what may be read into memory */
export function checkCacheFile(path: string, size: number, limit = MAX_METADATA_BYTES): void {
  if (size <= limit) return
  throw new CnbError('CNB_RESTORE_FAILED', `cannot read ${path} of the cache: it has ${size} bytes, and the limit is ${limit}`, {
    hint: 'Use --clear-cache to start without it.',
  })
}

/**
 * The entries of a layer's tar; undefined where it is not there. Fails after the last one unless the tar is the one that has the
 * diffID, so that what was made of the entries is not to be used before the end.
 * @throws CnbError CNB_RESTORE_FAILED
 */
export async function openLayerTar(tars: LayerTars, diffId: Digest, context: Context): Promise<AsyncIterable<TarReadEntry> | undefined> {
  const tar = await tars.open(diffId, context)
  const source = `the cached layer ${diffId}`
  const damaged = (found: Digest): CnbError =>
    new CnbError('CNB_RESTORE_FAILED', `${source} is damaged: it gives ${found}`, {
      hint: 'Build again: what is damaged is left out then. --clear-cache starts anew.',
    })
  return tar && readTar(verified(tar, diffId, damaged), { source, invalid: 'CNB_RESTORE_FAILED', signal: context.signal })
}
