/** Directories, atomic file writes, and temporary directories that are removed automatically. */

import { type FileHandle, link, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

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

/** Writes `content` to `path` atomically: a reader sees either the old or the new file. */
export async function writeFileAtomically(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  await throughTemporary(path, content, mode, (temporary) => rename(temporary, path))
}

/** Writes a file like writeFileAtomically, but leaves an existing one unchanged. */
export async function writeNewFile(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  await throughTemporary(path, content, mode, async (temporary) => {
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await rm(temporary)
  })
}

/** Writes a complete file in the same directory, which `place` moves to `path`. Creates parent directories. */
async function throughTemporary(path: string, content: string | Buffer, mode: number, place: (temporary: string) => Promise<void>): Promise<void> {
  await makeDirectories(dirname(path))
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`
  try {
    await writeFile(temporary, content, { mode })
    await place(temporary)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
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

/** Creates a temporary directory for `await using`. */
export async function makeTemporaryDirectory(prefix = 'cnb-'): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), prefix))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
