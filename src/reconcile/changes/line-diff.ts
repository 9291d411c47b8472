/**
 * Differences of two lists of lines.
 *
 * Between equally long subsequences, the choice is that of github.com/aryann/difflib.
 */

export interface DiffLine {
  readonly side: 'old' | 'new' | 'both'
  readonly text: string
}

/** Tables with more cells are not made: the lines are shown as replaced. */
const MAX_CELLS = 10_000_000

/** Returns the lines of both lists, by a longest common subsequence; removed lines come before added ones. */
export function diffLines(old: readonly string[], lines: readonly string[]): DiffLine[] {
  let start = 0
  while (start < old.length && start < lines.length && old[start] === lines[start]) start++
  let end = 0
  // As in difflib, the lines after the common start never are all part of the common end.
  while (Math.min(old.length, lines.length) - end > start + 1 && old.at(-1 - end) === lines.at(-1 - end)) end++
  return [
    ...old.slice(0, start).map(on('both')),
    ...compute(old.slice(start, old.length - end), lines.slice(start, lines.length - end)),
    ...old.slice(old.length - end).map(on('both')),
  ]
}

function compute(old: readonly string[], lines: readonly string[]): DiffLine[] {
  const width = lines.length + 1
  if ((old.length + 1) * width > MAX_CELLS) return [...old.map(on('old')), ...lines.map(on('new'))]
  // At [i, j]: the length of the subsequence of the last i and j lines.
  const lengths = new Uint32Array((old.length + 1) * width)
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0
  for (let i = 1; i <= old.length; i++) {
    for (let j = 1; j < width; j++) {
      lengths[i * width + j] = old.at(-i) === lines.at(-j) ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1))
    }
  }
  const result: DiffLine[] = []
  for (let i = old.length, j = lines.length; i > 0 || j > 0; ) {
    if (i > 0 && at(i, j) === at(i - 1, j)) result.push(on('old')(old.at(-i--) ?? ''))
    else if (j > 0 && at(i, j) === at(i, j - 1)) result.push(on('new')(lines.at(-j--) ?? ''))
    else {
      result.push(on('both')(old.at(-i) ?? ''))
      i--
      j--
    }
  }
  return result
}

function on(side: DiffLine['side']): (text: string) => DiffLine {
  return (text) => ({ side, text })
}
