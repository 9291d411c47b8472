/** Writes a new directory, completely or not at all. */

import { lstat, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CnbError, throwIfAborted } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { makeDirectories } from '../../../base/files.ts'

/** A file of a new buildpack or extension. */
export interface NewFile {
  /** Relative to the new directory, with slashes. */
  readonly path: string
  readonly text: string
  readonly executable?: boolean
}

/**
 * Writes the files to a directory next to `path`, which is then renamed.
 * @throws CnbError CNB_OUTPUT if `path` exists or cannot be written, CNB_INTERRUPTED
 */
export async function writeNewDirectory(path: string, files: readonly NewFile[], { signal }: Context = {}): Promise<void> {
  if (await lstat(path).then(() => true, () => false)) throw exists(path)
  let temporary: string | undefined
  try {
    await makeDirectories(dirname(path))
    temporary = await mkdtemp(join(dirname(path), `.${basename(path)}-`))
    const root = join(temporary, basename(path))
    for (const { path: name, text, executable } of files) {
      throwIfAborted(signal)
      await makeDirectories(join(root, dirname(name)))
      await writeFile(join(root, name), text, { mode: executable ? 0o755 : 0o644 })
    }
    await rename(root, path)
  } catch (error) {
    if (error instanceof CnbError) throw error
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw exists(path)
    throw new CnbError('CNB_OUTPUT', `cannot write '${path}': ${(error as Error).message}`, { cause: error })
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
}

function exists(path: string): CnbError {
  return new CnbError('CNB_OUTPUT', `cannot create '${path}': it exists`, { hint: 'Use another directory with --path.' })
}
