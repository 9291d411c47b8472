/** Cached layers as the stock lifecycle keeps them: `sha256:<hex>.tar` beside one metadata file, wherever those are. */

import { createHash } from 'node:crypto'
import { type Readable, Transform, pipeline } from 'node:stream'
import { readTar, type TarReadEntry } from '../../../archive/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Digest } from '../../../oci/digest.ts'

export interface LayerTars {
  /** The metadata's text; undefined where there is none, or one without end. */
  metadata(context: Context): Promise<string | undefined>
  /** The layer's tar; undefined where it is not there. */
  open(diffId: Digest, context: Context): Promise<Readable | undefined>
}

/** Metadata that is larger than this is taken for none. */
export const MAX_METADATA_BYTES = 16 * 1024 * 1024

/**
 * The entries of a layer's tar; undefined where it is not there. Fails after the last one unless the tar is the one that has the
 * diffID, so that what was made of the entries is not to be used before the end.
 * @throws CnbError CNB_RESTORE_FAILED
 */
export async function openLayerTar(tars: LayerTars, diffId: Digest, context: Context): Promise<AsyncIterable<TarReadEntry> | undefined> {
  const tar = await tars.open(diffId, context)
  return tar && verifiedEntries(tar, diffId, context)
}

async function* verifiedEntries(tar: Readable, diffId: Digest, context: Context): AsyncGenerator<TarReadEntry> {
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  // The callback is there because an error without one is thrown; the reader meets it in `hashing`.
  pipeline(tar, hashing, () => {})
  yield* readTar(hashing, { source: `the cached layer ${diffId}`, invalid: 'CNB_RESTORE_FAILED', signal: context.signal })
  const found = `sha256:${hash.digest('hex')}`
  if (found !== diffId) {
    throw new CnbError('CNB_RESTORE_FAILED', `the cached layer ${diffId} is damaged: it gives ${found}`, {
      hint: 'Build again: what is damaged is left out then. --clear-cache starts anew.',
    })
  }
}
