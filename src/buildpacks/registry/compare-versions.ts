/**
 * Compares semantic versions as pack does (golang.org/x/mod/semver). Missing parts count as 0.
 */

interface Version {
  readonly numbers: readonly bigint[]
  /** Empty for a release. */
  readonly prerelease: readonly string[]
}

const NUMBER = '(0|[1-9]\\d*)'
const VERSION = new RegExp(`^${NUMBER}(?:\\.${NUMBER}(?:\\.${NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?)?)?$`)

/** Returns a negative number if `a` is lower than `b`. Text that is not a version is lower than every version. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [parse(a), parse(b)]
  if (!x || !y) return Number(x !== undefined) - Number(y !== undefined)
  for (const [index, number] of x.numbers.entries()) {
    const difference = compare(number, y.numbers[index] ?? 0n)
    if (difference !== 0) return difference
  }
  return comparePrereleases(x.prerelease, y.prerelease)
}

function parse(text: string): Version | undefined {
  const [whole, ...parts] = VERSION.exec(text) ?? []
  if (whole === undefined) return undefined
  const prerelease = parts[3]?.split('.') ?? []
  const isValid = prerelease.every((part) => part !== '' && !/^0\d+$/.test(part))
  return isValid ? { numbers: parts.slice(0, 3).map((part) => BigInt(part ?? 0)), prerelease } : undefined
}

/** By semver.org, point 11. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Number(a.length === 0) - Number(b.length === 0)
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [x, y] = [a[index], b[index]]
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1
    if (x === y) continue
    const [isX, isY] = [x, y].map((part) => /^\d+$/.test(part))
    if (isX && isY) return compare(BigInt(x), BigInt(y))
    return isX === isY ? compare(x, y) : isX ? -1 : 1
  }
  return 0
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
