/** Human-readable output of `--timings`: bars on the time from the command's start to its end. */

import { counted } from '../../../base/counted.ts'
import type { Span } from '../../../base/spans.ts'
import { formatDuration, formatShare } from '../../../ui/quantity.ts'
import { sanitizeText, truncate } from '../../../ui/sanitize.ts'
import { formatTable } from '../../../ui/table.ts'
import type { Theme } from '../../../ui/theme.ts'

/** An entry of `timings` in the result. Entries overlap if they ran at the same time, or if an entry is a part of another. */
export interface Timing {
  readonly kind: Span['category']
  readonly name: string
  /** Since the start of the process. */
  readonly startMs: number
  readonly durationMs: number
}

/** The columns besides bar and names: an indent, a time, a share, and spaces between them. */
const FIXED = 21
const MAX_BAR = 40
const LONGEST_NAME = 72
const SHORTEST_NAME = 10
const MAX_ROWS = 30
/** The share of the time below which an entry is not worth a line. */
const MIN_SHARE = 0.005

/** Returns a table of the longest entries in order of their start; parts of an entry are indented. */
export function timingsText(timings: readonly Timing[], totalMs: number, theme: Theme): string {
  const longest = timings.toSorted((one, other) => other.durationMs - one.durationMs).slice(0, MAX_ROWS)
  const shown = timings.filter((timing) => timing.durationMs >= totalMs * MIN_SHARE && longest.includes(timing))
  const bar = theme.width === undefined || theme.width < 60 ? 0 : Math.min(MAX_BAR, Math.floor(theme.width / 3))
  const room = theme.width === undefined ? LONGEST_NAME : Math.max(SHORTEST_NAME, theme.width - FIXED - (bar > 0 ? bar + 2 : 0))
  const around: Timing[] = []
  const rows = shown.map((timing) => {
    while (around.length > 0 && !contains(around.at(-1)!, timing)) around.pop()
    const name = truncate('  '.repeat(around.length) + sanitizeText(timing.name), room)
    around.push(timing)
    return [formatDuration(timing.durationMs), formatShare(timing.durationMs / totalMs), barOf(timing, totalMs, bar), name]
  })
  const columns = [
    { title: 'TIME', align: 'right' },
    { title: 'SHARE', align: 'right' },
    { title: '', paint: (cell: string) => theme.success(cell) },
    { title: 'WHAT' },
  ] as const
  const left = timings.length - shown.length
  return [
    theme.heading(`Time: ${formatDuration(totalMs)}`),
    '',
    ...formatTable(columns, rows, theme),
    ...(left > 0 ? ['', `  ${theme.dim(`${counted(left, 'shorter span')}: see --output json`)}`] : []),
  ].join('\n')
}

function contains(outer: Timing, inner: Timing): boolean {
  return inner.startMs + inner.durationMs <= outer.startMs + outer.durationMs
}

/** Returns a bar from the start to the end; a short bar has the thinnest block. */
function barOf({ startMs, durationMs }: Timing, totalMs: number, width: number): string {
  if (width === 0) return ''
  const from = Math.min(width - 1, Math.floor((startMs / totalMs) * width))
  const length = Math.min(width - from, Math.round((durationMs / totalMs) * width))
  return ' '.repeat(from) + (length === 0 ? '▏' : '█'.repeat(length))
}
