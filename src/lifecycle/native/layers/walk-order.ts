/** The two orders that names have in layers; both compare bytes, in neither does a language have a say. */

const SLASH = 0x2f

/**
 * The order of a walk, depth first with each directory's names sorted (Go's filepath.Walk): `a`, `a/b`, `a-b`, `a.txt`.
 * A byte-wise comparison of the whole paths, in which a slash comes before all else, says the same.
 */
export function compareInWalk(a: Buffer, b: Buffer): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const x = a[i] ?? 0
    const y = b[i] ?? 0
    if (x !== y) return x === SLASH ? -1 : y === SLASH ? 1 : x - y
  }
  return a.length - b.length
}
