/** Where the symbolic links of an archive lead, once all are in their places. */

/** As many as Linux follows; a chain that is longer leads nowhere. */
const MAX_LINKS = 40

/**
 * Finds links that lead out of the tree. Links may be chained, so that one that looks harmless by its text leads out by another.
 * @param links targets by path, latin1 text both
 * @param maxSteps bounds the work for all links together
 * @returns the path of the first link that leads out
 * @throws Error when following them takes more steps than that
 */
export function findLinkOut(links: ReadonlyMap<string, string>, maxSteps = 10_000_000): string | undefined {
  let steps = 0
  const leadsOut = (path: string, target: string): boolean => {
    const at = path.split('/').slice(0, -1)
    const rest = target.split('/').reverse()
    if (target.startsWith('/')) return true
    for (let followed = 0; rest.length > 0; ) {
      // What a path costs is its length, for it is put together again.
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
