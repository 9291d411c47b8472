/** Directories, atomic file writes, and temporary directories that are removed automatically. */

import { type FileHandle, link, lstat, mkdir, mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CnbError } from './errors.ts'

/**
 * Creates the directory and its missing parents; existing directories remain. Unlike `mkdir` with `recursive`, it makes one system call
 * for each directory, and never repeats one that failed although the parent exists.
 * @throws Error the system's error, for the caller to complete
 */
export async function makeDirectories(path: string): Promise<void> {
  try {
    await makeUnlessExists(path)
  } catch (error) {
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error
    await makeDirectories(parent)
    await makeUnlessExists(path)
  }
}

async function makeUnlessExists(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const found = await stat(path).catch(() => undefined)
    if (!found?.isDirectory()) throw error
  }
}

/** Writes `content` to `path` atomically: a reader sees either the old or the new file. A link, pipe or device such as /dev/stdout stays. */
export async function writeFileAtomically(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found && !found.isFile() && !found.isDirectory()) return writeFile(path, content, { mode })
  await throughTemporary(path, content, { mode }, (temporary) => rename(temporary, path))
}

/**
 * Writes a file like writeFileAtomically, and flushes it to the disk: after a crash of the machine, the file is the old or the new one.
 * @param temporary the beginning of the path of the incomplete file, on the same file system
 */
export async function writeFileDurably(path: string, content: string | Buffer, mode: number, temporary: string): Promise<void> {
  await throughTemporary(path, content, { mode, prefix: temporary, flush: true }, async (temporary) => {
    await rename(temporary, path)
    await syncDirectory(dirname(path))
  })
}

/** Writes a file like writeFileAtomically, but leaves an existing one unchanged. */
export async function writeNewFile(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  await throughTemporary(path, content, { mode }, async (temporary) => {
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await rm(temporary)
  })
}

interface TemporaryOptions {
  readonly mode: number
  /** The beginning of the temporary path; default: the path of the file. */
  readonly prefix?: string
  readonly flush?: boolean
}

/** Writes a complete file, which `place` moves to `path`. Creates parent directories. */
async function throughTemporary(
  path: string,
  content: string | Buffer,
  { mode, flush = false, prefix = path }: TemporaryOptions,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${prefix}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`
  const write = async (): Promise<void> => {
    await writeFile(temporary, content, { mode, flush })
    await place(temporary)
  }
  try {
    // Most directories exist.
    await write().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      await makeDirectories(dirname(path))
      await write()
    })
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Flushes a directory's names to the disk, if its file system supports it. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r')
  await directory.sync().catch(() => {})
}

/** Throws the error for a file that cannot be written. @throws CnbError CNB_OUTPUT, always */
export function cannotWrite(path: string, error: unknown): never {
  throw new CnbError('CNB_OUTPUT', `cannot write ${path}: ${(error as Error).message}`, { cause: error })
}

/** Writes all bytes: a single write may be partial. @param parts at most 1024, the limit of writev(2) */
export async function writeWhole(file: Pick<FileHandle, 'writev'>, ...parts: readonly Buffer[]): Promise<void> {
  for (let left = parts; left.length > 0; ) left = without(left, (await file.writev(left)).bytesWritten)
}

/** Returns the parts without their first `written` bytes. */
function without(parts: readonly Buffer[], written: number): Buffer[] {
  let skipped = 0
  return parts.flatMap((part) => {
    const from = Math.min(written - skipped, part.length)
    skipped += from
    return from === part.length ? [] : [part.subarray(from)]
  })
}

/** A directory under the system's temporary directory, removed on disposal. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

/** Creates a temporary directory for `await using`. After `kill -9`, `removeAbandonedDirectories` removes it. */
export async function makeTemporaryDirectory(prefix = 'cnb-'): Promise<TemporaryDirectory> {
  const { processMark } = await import('./processes/abandoned-directories.ts')
  const path = await mkdtemp(join(tmpdir(), `${prefix}${await processMark()}`))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
