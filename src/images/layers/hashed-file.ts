/** A content put into a file, and its digest on the way. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import { writeWhole } from '../../base/files.ts'
import type { Digest } from '../../oci/digest.ts'

/** Bytes that are hashed and written at once, from one buffer for all. */
const BLOCK = 1024 * 1024

/**
 * Writes what the engine sends to `path`. Gives the sha256 and the number of bytes.
 * @throws CnbError CNB_OUTPUT when the file cannot be written, CNB_ENGINE_FAILED when the content breaks off or is garbled
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

/** The content in blocks, each in the place of the one before it. */
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
    throw new CnbError('CNB_ENGINE_FAILED', `cannot read a layer that the engine saves: ${(error as Error).message}`, { cause: error })
  }
  yield block.subarray(0, filled)
}

/** @throws CnbError CNB_OUTPUT, always */
export function cannotKeep(path: string, error: unknown): never {
  throw new CnbError('CNB_OUTPUT', `cannot keep a layer in ${path}: ${(error as Error).message}`, {
    cause: error,
    hint: 'Layers need room in the temporary directory: set TMPDIR to one that has it.',
  })
}
