/** A stream put into a file, and its digest on the way. */

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CnbError, abortError } from '../base/errors.ts'
import type { Digest } from '../oci/digest.ts'

/**
 * Writes what the engine sends to `path`. Gives the sha256 and the number of bytes.
 * @throws CnbError CNB_OUTPUT when the file cannot be written, CNB_ENGINE_FAILED when the content breaks off or is garbled
 */
export async function writeHashed(content: Readable, path: string, signal?: AbortSignal): Promise<{ digest: Digest; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  try {
    await pipeline(content, meter, createWriteStream(path), signal ? { signal } : {})
  } catch (error) {
    if (signal?.aborted) throw abortError(signal)
    if (error instanceof CnbError) throw error
    const { message, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) {
      throw new CnbError('CNB_ENGINE_FAILED', `cannot read a layer that the engine saves: ${message}`, { cause: error })
    }
    throw new CnbError('CNB_OUTPUT', `cannot keep a layer in ${path}: ${message}`, {
      cause: error,
      hint: 'Layers need room in the temporary directory: set TMPDIR to one that has it.',
    })
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}
