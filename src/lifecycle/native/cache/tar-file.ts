/** Writes a layer's tar to a file of the host, and removes the file if the tar is incomplete or wrong. */

import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { verified } from '../../../archive/verified-stream.ts'
import { abortError, CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Digest } from '../../../oci/digest.ts'

/**
 * Writes `content` to `path`, which must not exist.
 * @throws CnbError CNB_EXPORT_FAILED if the content does not have the digest; the system's error if the file cannot be written
 */
export async function writeTarFile(content: Readable, path: string, diffId: Digest, { signal }: Context): Promise<void> {
  const tar = verified(content, diffId, (found) =>
    new CnbError('CNB_EXPORT_FAILED', `cannot write layer ${diffId} to the cache: its content changed, and its digest is now ${found}`),
  )
  const file = createWriteStream(path, { flags: 'wx' })
  try {
    await pipeline(tar, file, signal ? { signal } : {})
  } catch (error) {
    // If the content fails first, the file is still being opened, and thereby created.
    if (!file.closed) await new Promise<void>((resolve) => file.once('close', resolve))
    // An existing file belongs to another process and stays.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(path, { force: true })
    throw signal?.aborted ? abortError(signal) : error
  }
}
