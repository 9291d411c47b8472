/** The directory of the app in a source. */

import { realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { CnbError } from '../base/errors.ts'

/**
 * Returns the components of a sub-path; slashes at both ends do not count, as in kpack.
 * @throws CnbError CNB_USAGE for one that leads out
 */
export function subPathParts(subPath = ''): string[] {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) {
    throw new CnbError('CNB_USAGE', `cannot use the sub-path '${subPath}': it leads out of the source`, { hint: 'Correct spec.source.subPath.' })
  }
  return parts
}

/**
 * Returns the path of the sub-path's directory. Links in it are followed inside of the source.
 * @param source the source's name, for messages
 * @throws CnbError CNB_APP_INVALID if it does not exist, is not a directory or leads out
 */
export async function findDirectory(directory: string, subPath: string | undefined, source: string): Promise<string> {
  const parts = subPathParts(subPath)
  if (parts.length === 0) return directory
  const wrong = (why: string): CnbError =>
    new CnbError('CNB_APP_INVALID', `cannot use the sub-path '${parts.join('/')}' of ${source}: ${why}`, { hint: 'Correct spec.source.subPath.' })
  const root = await realpath(directory)
  const found = await realpath(join(root, ...parts)).catch(() => undefined)
  if (found === undefined) throw wrong('it does not exist')
  if (found !== root && !found.startsWith(root + sep)) throw wrong('a link in it leads out of the source')
  if (!(await stat(found)).isDirectory()) throw wrong('it is not a directory')
  return found
}
