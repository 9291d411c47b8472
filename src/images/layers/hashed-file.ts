/** Writes content to a file and computes its digest. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import { writeWhole } from '../../base/files.ts'
import type { Digest } from '../../oci/digest.ts'

/** Bytes that are hashed and written at once; all blocks share one buffer. */
const BLOCK = 1024 * 1024

/**
 * Writes content from the engine to `path`. Returns the sha256 digest and the size in bytes.
 * @throws CnbError CNB_OUTPUT if the file cannot be written, CNB_ENGINE_FAILED if the content is incomplete or malformed
 */
export async function writeHashed(
  content: AsyncIterable<Buffer>,
  path: string,
  signal?: AbortSignal,
): Promise<{ digest: Digest; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  await using file = await open(path, 'wx', 0o600).catch((error: unknown) => cannotKeep(path, error))
  for await (const block of blocksOf(content, signal)) {
    hash.update(block)
    size += block.length
    await writeWhole(file, block).catch((error: unknown) => cannotKeep(path, error))
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}

/** Yields the content in blocks; each block overwrites the previous one. */
async function* blocksOf(content: AsyncIterable<Buffer>, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafeSlow(BLOCK)
  let filled = 0
  try {
    for await (const chunk of content) {
      throwIfAborted(signal)
      for (let done = 0; done < chunk.length; ) {
        const copied = chunk.copy(block, filled, done)
        done += copied
        filled += copied
        if (filled < BLOCK) continue
        yield block
        filled = 0
      }
    }
  } catch (error) {
    throwIfAborted(signal)
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_ENGINE_FAILED', `cannot read a layer from the engine: ${(error as Error).message}`, { cause: error })
  }
  yield block.subarray(0, filled)
}

/** Throws the error for a layer that cannot be written to the disk. @throws CnbError CNB_OUTPUT, always */
export function cannotKeep(path: string, error: unknown): never {
  throw new CnbError('CNB_OUTPUT', `cannot store a layer in ${path}: ${(error as Error).message}`, {
    cause: error,
    hint: 'Free space in the temporary directory, or set TMPDIR to another directory.',
  })
}
