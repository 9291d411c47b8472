/** Names in a zip archive become paths of the app; none may lead out of it, on whatever system it is read. */

import { isFromDos, type ZipAttributes } from './zip-attributes.ts'

/** Linux has no longer ones. */
const MAX_PATH_BYTES = 4096
const MAX_NAME_BYTES = 255
/** latin1 has a character for each byte. */
const BACKSLASH = '\\'

/**
 * The parts of an entry's path, as latin1 text so that no byte of them is lost; none for the root itself.
 * @throws Error with what is wrong with the name
 */
export function zipPath(entry: Pick<ZipAttributes, 'fileNameRaw' | 'versionMadeBy'>): string[] {
  const name = entry.fileNameRaw.toString('latin1')
  if (name === '') throw new Error('has no name')
  if (name.includes('\0')) throw new Error('has a NUL in its name')
  if (/^[/\\]/.test(name) || /^[A-Za-z]:[/\\]/.test(name)) throw new Error('has an absolute name')
  if (name.split(/[/\\]/).includes('..')) throw new Error("has '..' in its name")
  if (isFromDos(entry) && name.includes(BACKSLASH)) throw new Error("has '\\' in its name, which should be '/'")
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (name.length > MAX_PATH_BYTES || parts.some((part) => part.length > MAX_NAME_BYTES)) throw new Error('has a name that is too long')
  return parts
}
