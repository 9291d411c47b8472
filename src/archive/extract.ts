/** Extracts the files of a tar on the host. */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import { makeDirectories } from '../base/files.ts'
import { componentsOf, hostPath, shownPath } from './host-path.ts'
import { readTar } from './tar/tar-reader.ts'
import type { ReadTarOptions, TarReadEntry } from './tar/tar-reader.ts'

export interface ExtractOptions extends ReadTarOptions {
  /** Leading path components to remove; entries with no more components are skipped. */
  readonly strip?: number
  readonly maxBytes?: number
  readonly maxEntries?: number
}

const MAX_BYTES = 1024 * 1024 * 1024
const MAX_ENTRIES = 100_000

/**
 * Writes the regular files and directories of `tar` below `directory`, which is created; other entries are skipped. A file replaces
 * an existing file atomically; links below `directory` are not followed. Owners and set-id bits are dropped, and the user can always
 * read the result.
 * @throws CnbError CNB_OUTPUT if a write fails, an entry leaves `directory` or a limit is exceeded; errors of readTar
 */
export async function extractInto(directory: string, tar: Readable, options: ExtractOptions = {}): Promise<void> {
  const { strip = 0, maxBytes = MAX_BYTES, maxEntries = MAX_ENTRIES, signal } = options
  let bytes = 0
  let entries = 0
  for await (const entry of readTar(tar, options)) {
    bytes += entry.size
    entries++
    if (bytes > maxBytes || entries > maxEntries) {
      throw new CnbError('CNB_OUTPUT', `cannot extract the archive into ${directory}: it has more than ${maxEntries} files or ${maxBytes} bytes`)
    }
    const parts = componentsOf(entry.name).slice(strip)
    if (entry.type !== 'file' && entry.type !== 'directory') continue
    if (parts.length === 0 && entry.type === 'file') continue
    try {
      await write(directory, parts, entry)
    } catch (error) {
      throwIfAborted(signal)
      if (error instanceof CnbError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new CnbError('CNB_OUTPUT', `cannot write ${join(directory, shownPath(parts))}: ${reason}`, { cause: error })
    }
  }
}

async function write(directory: string, parts: string[], entry: TarReadEntry): Promise<void> {
  await makeDirectories(directory)
  const parents = entry.type === 'directory' ? parts : parts.slice(0, -1)
  for (let depth = 1; depth <= parents.length; depth++) await makeDirectory(hostPath(directory, parents.slice(0, depth)))
  if (entry.type === 'file') await writeFile(hostPath(directory, parts), entry)
}

async function makeDirectory(path: Buffer): Promise<void> {
  try {
    await mkdir(path, 0o755)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!(await lstat(path)).isDirectory()) throw new Error(`${path.toString()} exists and is not a directory`)
  }
}

/** Writes a temporary file and renames it: an existing link is replaced, not followed, and no reader sees a partial file. */
async function writeFile(path: Buffer, entry: TarReadEntry): Promise<void> {
  const slash = path.lastIndexOf('/')
  const temporary = Buffer.concat([path.subarray(0, slash + 1), Buffer.from(`.cnb-${randomBytes(6).toString('hex')}`)])
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, (entry.mode & 0o755) | 0o600)
  try {
    await pipeline(entry.content, file.createWriteStream())
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
}
