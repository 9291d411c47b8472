/** Aligns text as Go's text/tabwriter does, which pack uses, without a minimum width. */

/**
 * Aligns the cells of consecutive lines. A line without a further cell ends the column.
 * @param padding the spaces after the widest cell of a column
 */
export function alignCells(lines: readonly (readonly string[])[], padding: number): string[] {
  const aligned = lines.map(() => '')
  const columns = Math.max(0, ...lines.map((cells) => cells.length))
  for (let column = 0; column < columns; column++) {
    for (let start = 0; start < lines.length; ) {
      const isEnd = (at: number): boolean => (lines[at]?.length ?? 0) <= column + 1
      let end = start
      while (!isEnd(end)) end++
      const width = Math.max(...lines.slice(start, end).map((cells) => lengthOf(cells[column]!))) + padding
      for (let at = start; at < end; at++) aligned[at] += lines[at]![column]! + ' '.repeat(width - lengthOf(lines[at]![column]!))
      // The last cell of a line is not part of a column.
      if (end < lines.length) aligned[end] += lines[end]![column] ?? ''
      start = end + 1
    }
  }
  return aligned
}

/** In characters, as Go counts them. */
function lengthOf(text: string): number {
  return [...text].length
}
