/** Files of a layout: whole and on the disk before they have their names. */

import { createHash, randomUUID } from 'node:crypto'
import { lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import { writeWhole } from '../../base/files.ts'
import type { Digest } from '../../oci/digest.ts'

/** What is not finished is beside the blobs and not among them, where others would take it for one. */
const UNFINISHED = /^\.cnb-.*\.tmp$/
/** Milliseconds after which nobody can still be writing a file that has not changed since. */
const ABANDONED = 60 * 60 * 1000

/**
 * Writes `content` to `path` in `directory`: whoever reads sees what was there before, or all of it.
 * @param check throws when the content was not what it should have been; then nothing has changed
 * @throws CnbError CNB_OUTPUT, what `content` fails with, and CNB_INTERRUPTED
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

/** Sees that the names in a directory are on the disk, where its file system can tell. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r')
  await directory.sync().catch(() => {})
}

/** Removes what writers left that were killed. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!UNFINISHED.test(name)) continue
    const path = join(directory, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats && Date.now() - stats.mtimeMs > ABANDONED) await rm(path, { force: true })
  }
}

/** Whether a file with this name is one of ours that has no place in a layout. */
export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name)
}

export function cannotWrite(path: string, error: unknown): never {
  throw new CnbError('CNB_OUTPUT', `cannot write ${path}: ${(error as Error).message}`, { cause: error })
}
