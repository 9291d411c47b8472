/** Huffman codes as Go's compress/flate chooses them (huffman_code.go): several choices are optimal. */

interface Leaf {
  readonly symbol: number
  readonly count: number
}

/** The code of a symbol: its bits in the order in which they are written, and their number; 0 for an unused symbol. */
export interface Code {
  readonly bits: number
  readonly length: number
}

const UNUSED: Code = { bits: 0, length: 0 }

/**
 * Returns the code of each symbol.
 * @param counts the frequencies by symbol
 * @param limit the maximum length of a code
 */
export function huffmanCodes(counts: ArrayLike<number>, limit: number): Code[] {
  const codes = Array.from(counts, () => UNUSED)
  const leaves = Array.from(counts, (count, symbol): Leaf => ({ symbol, count })).filter(({ count }) => count > 0)
  if (leaves.length <= 2) {
    leaves.forEach(({ symbol }, bits) => (codes[symbol] = { bits, length: 1 }))
    return codes
  }
  leaves.sort((a, b) => a.count - b.count || a.symbol - b.symbol)
  let next = 0
  let end = leaves.length
  for (const [length, used] of lengthCounts(leaves, Math.min(limit, leaves.length - 1)).entries()) {
    next *= 2
    // Frequent symbols have short codes; codes of one length are in the order of their symbols.
    for (const { symbol } of leaves.slice(end - used, end).sort((a, b) => a.symbol - b.symbol)) codes[symbol] = { bits: reversed(next++, length), length }
    end -= used
  }
  return codes
}

function reversed(bits: number, length: number): number {
  let result = 0
  for (let at = 0; at < length; at++) result |= ((bits >> at) & 1) << (length - 1 - at)
  return result
}

/** A level of the package-merge algorithm: the items of one code length. */
interface Level {
  lastCount: number
  nextLeaf: number
  nextPair: number
  /** Items that the level above waits for. */
  needed: number
}

/** Returns the number of codes of each length: the boundary package-merge algorithm (Katajainen, Moffat, Turpin 1995), as in Go. */
function lengthCounts(leaves: readonly Leaf[], limit: number): number[] {
  const count = (at: number): number => leaves[at]?.count ?? Infinity
  const levels = Array.from({ length: limit + 2 }, (_, level): Level => ({
    lastCount: count(1), nextLeaf: count(2), nextPair: level <= 1 ? Infinity : count(0) + count(1), needed: 0,
  }))
  // The leaves to the left of the rightmost item of a level, by lower level.
  const taken = Array.from({ length: limit + 1 }, (_, level) => Array.from({ length: limit + 1 }, (_, below) => (below === level && level > 0 ? 2 : 0)))
  levels[limit]!.needed = 2 * leaves.length - 4
  for (let level = limit; ; ) {
    const here = levels[level]!
    if (here.nextPair === Infinity && here.nextLeaf === Infinity) {
      here.needed = 0
      levels[++level]!.nextPair = Infinity
      continue
    }
    const before = here.lastCount
    const own = taken[level]!
    if (here.nextLeaf < here.nextPair) {
      here.lastCount = here.nextLeaf
      here.nextLeaf = count(++own[level]!)
    } else {
      here.lastCount = here.nextPair
      own.splice(0, level, ...taken[level - 1]!.slice(0, level))
      levels[level - 1]!.needed = 2
    }
    if (--here.needed === 0) {
      if (level === limit) break
      levels[++level]!.nextPair = before + here.lastCount
    } else while (levels[level - 1]!.needed > 0) level--
  }
  const top = taken[limit]!
  return [0, ...Array.from({ length: limit }, (_, at) => top[limit - at]! - top[limit - at - 1]!)]
}
