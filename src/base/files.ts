/** Files written whole or not at all, and temporary directories that go away by themselves. */

import { type FileHandle, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Writes `content` to `path` so that a reader sees the old file or the new one; makes parent directories. */
export async function writeFileAtomically(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`
  try {
    await writeFile(temporary, content, { mode })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Writes all of `bytes`: the system may take less at once. */
export async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten
}

/** A directory under the system's temporary one, removed when its owner's scope ends. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

/** Makes a temporary directory for `await using`. */
export async function makeTemporaryDirectory(prefix = 'cnb-'): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), prefix))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
