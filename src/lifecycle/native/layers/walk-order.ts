/** The order of names in a walk of a directory; it compares bytes and does not depend on the locale. */

const SLASH = 0x2f

/**
 * Compares two paths in the order of a walk, depth first with each directory's names sorted (Go's filepath.Walk): `a`, `a/b`,
 * `a-b`, `a.txt`. This is the byte order of the whole paths, except that a slash comes before all other bytes.
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
