/** Validates names in a zip archive: no name may lead out of the app, on any system. */

import { isFromDos, type ZipAttributes } from './zip-attributes.ts'

/** Limits of Linux: PATH_MAX and NAME_MAX. */
const MAX_PATH_BYTES = 4096
const MAX_NAME_BYTES = 255
/** In latin1, each character is one byte. */
const BACKSLASH = '\\'

/**
 * Returns the components of an entry's path as latin1 text, which preserves all bytes; empty for the root.
 * @throws Error describing the invalid name
 */
export function zipPath(entry: Pick<ZipAttributes, 'fileNameRaw' | 'versionMadeBy'>): string[] {
  const name = entry.fileNameRaw.toString('latin1')
  if (name === '') throw new Error('has an empty name')
  if (name.includes('\0')) throw new Error('has a NUL in its name')
  if (/^[/\\]/.test(name) || /^[A-Za-z]:[/\\]/.test(name)) throw new Error('has an absolute name')
  if (name.split(/[/\\]/).includes('..')) throw new Error("has '..' in its name")
  if (isFromDos(entry) && name.includes(BACKSLASH)) throw new Error("has '\\' in its name, expected '/'")
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (name.length > MAX_PATH_BYTES || parts.some((part) => part.length > MAX_NAME_BYTES)) throw new Error('has a name that is too long')
  return parts
}

/** The number of links that Linux follows; a longer chain cannot be resolved. */
const MAX_LINKS = 40

/**
 * Finds links that lead out of the tree. Links may be chained: a link that looks harmless may lead out through another one.
 * @param links targets by path, both latin1 text
 * @param maxSteps bounds the work for all links together
 * @returns the path of the first link that leads out
 * @throws Error if `maxSteps` is exceeded
 */
export function findLinkOut(links: ReadonlyMap<string, string>, maxSteps = 10_000_000): string | undefined {
  let steps = 0
  const leadsOut = (path: string, target: string): boolean => {
    const at = path.split('/').slice(0, -1)
    const rest = target.split('/').reverse()
    if (target.startsWith('/')) return true
    for (let followed = 0; rest.length > 0; ) {
      // The cost of a path is its length, because it is joined again.
      steps += at.length + 1
      if (steps > maxSteps) throw new Error('has symbolic links that are nested too deeply')
      const part = rest.pop() ?? ''
      if (part === '' || part === '.') continue
      if (part === '..') {
        if (at.pop() === undefined) return true
        continue
      }
      at.push(part)
      const next = links.get(at.join('/'))
      if (next === undefined) continue
      if (next.startsWith('/')) return true
      if (++followed > MAX_LINKS) return false
      at.pop()
      const parts = next.split('/').reverse()
      steps += parts.length
      rest.push(...parts)
    }
    return false
  }
  for (const [path, target] of links) if (leadsOut(path, target)) return path
  return undefined
}
