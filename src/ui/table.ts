/** Tables with aligned columns. */

import { sanitizeLine, visibleLength } from './sanitize.ts'
import type { Theme } from './theme.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Styles a cell without changing its width. */
  readonly paint?: (cell: string) => string
  /** The column may be omitted if the screen is too narrow for the table; the last such column is omitted first. */
  readonly spare?: true
}

/**
 * Formats a header and a line per row of external text, with columns two spaces apart, an indent of two and no trailing spaces.
 * Columns without any value are omitted.
 */
export function formatTable(all: readonly Column[], rows: readonly (readonly string[])[], theme: Theme): string[] {
  const filled = all
    .map((column, index) => ({ ...column, cells: rows.map((row) => sanitizeLine(row[index] ?? '', false)) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''))
    .map((column) => ({ ...column, width: widest([column.title, ...column.cells]) }))
  const columns = fitting(filled, theme.width)
  const line = (cells: readonly string[], isPainted: boolean): string => {
    const padded = cells.map((cell, index) => {
      const { width = 0, align, paint } = columns[index] ?? {}
      const space = ' '.repeat(width - visibleLength(cell))
      const shown = isPainted && paint ? paint(cell) : cell
      return align === 'right' ? space + shown : shown + space
    })
    return `  ${padded.join('  ')}`.trimEnd()
  }
  return [theme.dim(line(columns.map(({ title }) => title), false)), ...rows.map((_, row) => line(columns.map(({ cells }) => cells[row] ?? ''), true))]
}

/** Uses a reduction: a call accepts a limited number of arguments, and a label may list more rows. */
function widest(cells: readonly string[]): number {
  return cells.reduce((width, cell) => Math.max(width, visibleLength(cell)), 0)
}

function fitting<C extends Column & { readonly width: number }>(columns: readonly C[], room = Infinity): readonly C[] {
  const needed = columns.reduce((sum, { width }) => sum + 2 + width, 0)
  const last = columns.findLastIndex(({ spare }) => spare)
  return needed <= room || last < 0 ? columns : fitting(columns.toSpliced(last, 1), room)
}
