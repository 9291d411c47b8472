/** Human-readable output of `cnb diff`. */

import type { ImageDiff } from '../../../operations/diff/diff.ts'
import { sanitizeText, truncate, visibleLength } from '../../../ui/sanitize.ts'
import type { Theme } from '../../../ui/theme.ts'
import { headline, type Section, type ShownDifference } from './diff-sections.ts'

const MARKS = { added: { symbol: '+', style: 'success' }, removed: { symbol: '-', style: 'error' }, changed: { symbol: '~', style: 'warning' } } as const
/** The width where lines may have any length. */
const WIDE = 160
/** Values are shortened to this length: a line then shows both. */
const LONGEST = 60
const LONGEST_NAME = 40

/** Returns the summary, and a section for each kind of difference. */
export function diffText(diff: ImageDiff, sections: readonly Section[], theme: Theme): string {
  const { from, to, identical } = diff
  const [word = '', ...detail] = headline(diff).split(': ')
  return [
    `${theme.name(from.image)} and ${theme.name(to.image)} are ${theme[identical ? 'success' : 'warning'](word)}: ${detail.join(': ')}`,
    ...sectionsText(sections, theme),
  ].join('\n')
}

/** Returns a heading and lines for each section. */
export function sectionsText(sections: readonly Section[], theme: Theme): string[] {
  return sections.flatMap((section) => ['', theme.heading(section.title), ...linesOf(section, theme)])
}

function linesOf({ differences, note }: Section, theme: Theme): string[] {
  const width = theme.width ?? WIDE
  const names = differences.reduce((longest, { name }) => Math.max(longest, visibleLength(name)), 0)
  const column = Math.min(names, LONGEST_NAME, Math.floor(width / 3))
  return [...differences.flatMap((difference) => differenceLines(difference, column, width, theme)), ...(note ? [`  ${theme.dim(truncate(note, width - 2))}`] : [])]
}

/** Returns one line if it fits the screen, otherwise a line for the name and one for each value. */
function differenceLines({ change, name, before, after }: ShownDifference, column: number, width: number, theme: Theme): string[] {
  const { symbol: plain, style } = MARKS[change]
  const symbol = theme[style](plain)
  const title = oneLine(name)
  const values = [before, after].flatMap((value) => (value === undefined ? [] : [truncate(oneLine(value), Math.min(LONGEST, Math.max(8, width - 9)))]))
  const line = `${title.padEnd(column)}  ${values.join(' → ')}`.trimEnd()
  if (visibleLength(line) <= width - 4) return [`  ${symbol} ${line}`]
  const arrow = (index: number): string => (index === 0 ? '' : '→ ')
  return [`  ${symbol} ${truncate(title, width - 4)}`, ...values.map((value, index) => `      ${arrow(index)}${value}`)]
}

function oneLine(text: string): string {
  return sanitizeText(text).replaceAll('\n', ' ')
}
