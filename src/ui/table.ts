/** Rows whose columns line up. */

import { sanitizeLine, visibleLength } from './sanitize.ts'
import type { Theme } from './theme.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** How a cell looks; its width stays. */
  readonly paint?: (cell: string) => string
  /** It may be left out where the screen is too narrow for the whole table; the last one that may goes first. */
  readonly spare?: true
}

/**
 * The titles and a line for each row of foreign text, two spaces apart and indented by two; nothing pads a line's end. A column
 * in which no row has anything is left out.
 */
export function table(all: readonly Column[], rows: readonly (readonly string[])[], theme: Theme): string[] {
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

/** A reduction, because a call takes only so many arguments, and a label may list more. */
function widest(cells: readonly string[]): number {
  return cells.reduce((width, cell) => Math.max(width, visibleLength(cell)), 0)
}

function fitting<C extends Column & { readonly width: number }>(columns: readonly C[], room = Infinity): readonly C[] {
  const needed = columns.reduce((sum, { width }) => sum + 2 + width, 0)
  const last = columns.findLastIndex(({ spare }) => spare)
  return needed <= room || last < 0 ? columns : fitting(columns.toSpliced(last, 1), room)
}
