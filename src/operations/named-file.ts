/** Reader of user-specified text files; errors never show contents of a file behind a link. */

import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, sep } from 'node:path'
import { readBounded, type BoundedOptions } from '../base/bounded-file.ts'
import { CnbError, type ErrorCode } from '../base/errors.ts'
import type { Context } from '../base/events.ts'

/** Real descriptors and env files are smaller. */
const MAX_BYTES = 1024 * 1024

export interface NamedFile {
  /** Absolute. */
  readonly path: string
  /** The name for messages, as the user typed it. */
  readonly shown: string
  readonly text: string
  /** Whether a link in the app or in the working directory leads to a file outside both. */
  readonly leadsOut: boolean
}

/**
 * Reads a file that the user specified, which may be a pipe.
 * @param file its absolute path, its name for messages, and its description for errors (`what`)
 * @param near the app and the working directory: the author of a repository controls the links in them, not the user
 * @throws CnbError `code` if the file cannot be read
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
    const why = system === 'ENOENT' ? 'the file does not exist' : message
    throw new CnbError(code, `cannot read ${what}: ${why}`, { position: { file: shown }, cause: error })
  }
}

/**
 * Returns the result of `parse` for the file's text.
 * @throws CnbError the error of `parse`; only with its position if a link leads out of the app and the working directory
 */
export function parseNamedFile<T>({ text, shown, leadsOut }: NamedFile, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (error) {
    if (!leadsOut || !(error instanceof CnbError)) throw error
    throw withoutContent(error, shown)
  }
}

/** Returns an error with the file's name and the position only. The message and cause must not contain text of the file. */
function withoutContent({ code, position }: CnbError, shown: string): CnbError {
  return new CnbError(code, `${shown} is invalid, and ${CONTENT_NOT_SHOWN}`, {
    position: { ...position, file: shown },
    hint: 'Specify the file itself instead of the link to see the error.',
  })
}

export const CONTENT_NOT_SHOWN = 'its content is not shown, because a link leads to it from another directory'

/** Returns whether the path is inside one of `directories`, but outside all of them after its links are resolved. */
async function leadsOut(path: string, directories: readonly string[]): Promise<boolean> {
  if (!directories.some((directory) => isInside(path, directory))) return false
  // A pipe of another program has no real path.
  const real = await realpath(path).catch(() => undefined)
  if (real === undefined) return false
  const all = await Promise.all(directories.map((directory) => realpath(directory)))
  return !all.some((directory) => isInside(real, directory))
}

/** Returns whether `path` is `directory` or inside it; both are absolute. */
export function isInside(path: string, directory: string): boolean {
  const rest = relative(directory, path)
  return rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest)
}
