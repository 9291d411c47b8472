/** Rows whose columns line up. */

import { sanitizeLine, visibleLength } from './sanitize.ts'
import type { Theme } from './theme.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** How a cell looks; its width stays. */
  readonly paint?: (cell: string) => string
}

/**
 * The titles and a line for each row of foreign text, two spaces apart and indented by two; nothing pads a line's end. A column
 * in which no row has anything is left out.
 */
export function table(all: readonly Column[], rows: readonly (readonly string[])[], theme: Theme): string[] {
  const isUsed = (_: unknown, index: number): boolean => rows.some((row) => row[index] !== undefined && row[index] !== '')
  const columns = all.filter(isUsed)
  const safe = rows.map((row) => row.filter(isUsed).map((cell) => sanitizeLine(cell, false)))
  const widths = columns.map(({ title }, index) => {
    const lengths = safe.map((row) => visibleLength(row[index] ?? ''))
    return lengths.reduce((widest, length) => Math.max(widest, length), title.length)
  })
  const line = (cells: readonly string[], isPainted: boolean): string => {
    const padded = cells.map((cell, index) => {
      const { align, paint } = columns[index] ?? {}
      const space = ' '.repeat((widths[index] ?? 0) - visibleLength(cell))
      const shown = isPainted && paint ? paint(cell) : cell
      return align === 'right' ? space + shown : shown + space
    })
    return `  ${padded.join('  ')}`.trimEnd()
  }
  return [theme.dim(line(columns.map(({ title }) => title), false)), ...safe.map((cells) => line(cells, true))]
}
