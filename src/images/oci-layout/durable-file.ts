/** Writes a layout's files atomically and durably. */

import { createHash, randomUUID } from 'node:crypto'
import { lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import { cannotWrite, writeWhole } from '../../base/files.ts'
import type { Digest } from '../../oci/digest.ts'

/** Unfinished files are not in the directory of blobs, where other tools would read them as blobs. */
const UNFINISHED = /^\.cnb-.*\.tmp$/
/** In milliseconds. An unfinished file that has not changed for this time has no writer any more. */
const ABANDONED = 60 * 60 * 1000

/**
 * Writes `content` to `path` in `directory`. Readers see the previous file, or the complete new one.
 * @param check throws if the content is not the expected one; then the file does not change
 * @throws CnbError CNB_OUTPUT, CNB_INTERRUPTED, and errors of `content` and `check`
 */
export async function writeDurably(
  directory: string,
  path: string,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
  check: (found: { digest: Digest; size: number }) => void,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = join(directory, `.cnb-${randomUUID()}.tmp`)
  const target = join(directory, path)
  try {
    check(await writeSynced(temporary, target, content, signal))
    await rename(temporary, target).catch((error: unknown) => cannotWrite(target, error))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function writeSynced(
  path: string,
  target: string,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): Promise<{ digest: Digest; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  await using file = await open(path, 'wx', 0o644).catch((error: unknown) => cannotWrite(target, error))
  try {
    for await (const chunk of content) {
      throwIfAborted(signal)
      hash.update(chunk)
      size += chunk.length
      await writeWhole(file, chunk).catch((error: unknown) => cannotWrite(target, error))
    }
  } catch (error) {
    throwIfAborted(signal)
    throw error
  }
  await file.sync().catch((error: unknown) => cannotWrite(target, error))
  return { digest: `sha256:${hash.digest('hex')}`, size }
}

/** Removes unfinished files of killed writers. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!UNFINISHED.test(name)) continue
    const path = join(directory, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats && Date.now() - stats.mtimeMs > ABANDONED) await rm(path, { force: true })
  }
}

/** Whether the name is that of an unfinished file of cnb. */
export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name)
}
