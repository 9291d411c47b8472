/** Text files that options and apps name. What a link leads to outside of where the file is said to be is never shown. */

import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, sep } from 'node:path'
import { readBounded, type BoundedOptions } from '../base/bounded-file.ts'
import { CnbError, type ErrorCode } from '../base/errors.ts'
import type { Context } from '../base/events.ts'

/** No honest descriptor or env file is larger. */
const MAX_BYTES = 1024 * 1024

export interface NamedFile {
  /** Absolute. */
  readonly path: string
  /** As the user knows it. */
  readonly shown: string
  readonly text: string
  /** A link leads to it out of the app or out of the working directory. */
  readonly leadsOut: boolean
}

/**
 * Reads a file that the user named, which may be a pipe.
 * @param near the app and the working directory: a repository decides what their links lead to, not the user
 * @throws CnbError `code`, which says what of it cannot be read
 */
export async function readNamedFile(
  file: { readonly path: string; readonly shown: string; readonly what: string },
  code: ErrorCode,
  near: readonly string[],
  { signal }: Context,
  bounds: Omit<BoundedOptions, 'signal'> = { max: MAX_BYTES, pipes: true },
): Promise<NamedFile> {
  const { path, shown, what } = file
  try {
    const bytes = await readBounded(path, { ...bounds, signal })
    return { path, shown, text: bytes.toString('utf8'), leadsOut: await leadsOut(path, near) }
  } catch (error) {
    if (error instanceof CnbError) throw error
    const { code: system, message } = error as NodeJS.ErrnoException
    const why = system === 'ENOENT' ? 'there is no such file' : message
    throw new CnbError(code, `cannot read ${what}: ${why}`, { position: { file: shown }, cause: error })
  }
}

/**
 * What `parse` makes of the file's text.
 * @throws CnbError what `parse` throws; for a file that a link leads to from elsewhere, no more than its position
 */
export function parseNamedFile<T>({ text, shown, leadsOut }: NamedFile, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (error) {
    if (!leadsOut || !(error instanceof CnbError)) throw error
    throw withoutContent(error, shown)
  }
}

/** The error says what the file is and where it is wrong. No word of it may come from the file, nor may its cause. */
function withoutContent({ code, position }: CnbError, shown: string): CnbError {
  return new CnbError(code, `${shown} is not valid, and ${HIDDEN}`, {
    position: { ...position, file: shown },
    hint: 'Name the file itself to see what is wrong with it.',
  })
}

export const HIDDEN = 'its content is not shown, because a link leads to it from another directory'

/** Whether the path is inside one of `directories` as it is written, and outside of them all once its links are followed. */
async function leadsOut(path: string, directories: readonly string[]): Promise<boolean> {
  if (!directories.some((directory) => isInside(path, directory))) return false
  // A pipe that another program holds has no path.
  const real = await realpath(path).catch(() => undefined)
  if (real === undefined) return false
  const all = await Promise.all(directories.map((directory) => realpath(directory)))
  return !all.some((directory) => isInside(real, directory))
}

/** Whether `path` is in `directory`, or it is `directory`; both are absolute. */
export function isInside(path: string, directory: string): boolean {
  const rest = relative(directory, path)
  return rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest)
}
