/** Names that are near to a misspelt one. */

/** Returns the names that differ from `name` by few letters, nearest first. */
export function nearNames(name: string, names: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3))
  const word = name.slice(0, 64).toLowerCase()
  return [...new Set(names)]
    .map((known) => ({ known, distance: distance(word, known.toLowerCase(), limit) }))
    .filter((near) => near.distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .map((near) => near.known)
}

/** Returns the number of letters to insert, remove, replace or swap; more than `limit` counts as infinite. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return Infinity
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const isSwap = a[i] === b[j - 1] && a[i - 1] === b[j]
      next.push(Math.min(at(next, j) + 1, at(row, j + 1) + 1, at(row, j) + (a[i] === b[j] ? 0 : 1), isSwap ? at(before, j - 1) + 1 : Infinity))
    }
    ;[before, row] = [row, next]
  }
  return at(row, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
