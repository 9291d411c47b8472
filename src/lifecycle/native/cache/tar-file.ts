/** A layer's tar on the host's disk, which is the layer or is not there. */

import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { verified } from '../../../archive/verified-stream.ts'
import { abortError, CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Digest } from '../../../oci/digest.ts'

/**
 * Writes `content` to `path`, where there is nothing yet.
 * @throws CnbError CNB_EXPORT_FAILED when the content does not have the digest; the system's error when it cannot be written
 */
export async function writeTarFile(content: Readable, path: string, diffId: Digest, { signal }: Context): Promise<void> {
  const tar = verified(content, diffId, (found) =>
    new CnbError('CNB_EXPORT_FAILED', `layer ${diffId} changed while it was put into the cache: it now gives ${found}`),
  )
  const file = createWriteStream(path, { flags: 'wx' })
  try {
    await pipeline(tar, file, signal ? { signal } : {})
  } catch (error) {
    // The content may fail before the file is opened, which makes it all the same.
    if (!file.closed) await new Promise<void>((resolve) => file.once('close', resolve))
    // Somebody else's file is not ours to remove.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(path, { force: true })
    throw signal?.aborted ? abortError(signal) : error
  }
}
