/** Lines of `name:<tab>value`, aligned as Go's tabwriter does for kubectl describe. */

import { sanitizeLine, visibleLength } from '../sanitize.ts'

const PADDING = 2

/** A line without a tab, or the cell before the tab and the text after it. */
export type TabbedLine = string | readonly [cell: string, text: string]

/** Aligns the texts of successive lines that have a tab. External text is cleaned; its further lines have no tab. */
export function alignTabbed(lines: readonly TabbedLine[]): string[] {
  const result: string[] = []
  let block: (readonly [string, string])[] = []
  const flush = (): void => {
    const width = block.reduce((widest, [cell]) => Math.max(widest, visibleLength(cell) + PADDING), 0)
    for (const [cell, text] of block) result.push(cell + ' '.repeat(width - visibleLength(cell)) + text)
    block = []
  }
  for (const line of lines.flatMap(cleaned)) {
    if (typeof line !== 'string') block.push(line)
    else {
      flush()
      result.push(line)
    }
  }
  flush()
  return result
}

function cleaned(line: TabbedLine): TabbedLine[] {
  const [cell, text] = typeof line === 'string' ? ['', line] : line
  // A tab in external text would be another cell.
  const [first = '', ...rest] = text.split('\n').map((part) => sanitizeLine(part, false).replaceAll('\t', ' '))
  return [typeof line === 'string' ? first : [sanitizeLine(cell, false).replaceAll('\t', ' '), first], ...rest]
}
