/** Output of `cnb diff` for the summary of a job in GitHub Actions. */

import type { ImageDiff } from '../../../operations/diff/diff.ts'
import { truncate } from '../../../ui/sanitize.ts'
import { codeCell, markdownTable, textCell } from '../../markdown-table.ts'
import { headline, type Section } from './diff-sections.ts'

/** A summary of GitHub has at most 1 MiB. */
const LONGEST = 80

/** Returns the summary, and a table for each kind of difference. */
export function diffMarkdown(diff: ImageDiff, sections: readonly Section[]): string {
  return [`${codeCell(diff.from.image)} and ${codeCell(diff.to.image)} are ${textCell(headline(diff))}`, ...sectionsMarkdown(sections)].join('\n')
}

/** Returns a title and a table for each section. */
export function sectionsMarkdown(sections: readonly Section[]): string[] {
  const cell = (text = ''): string => codeCell(truncate(text, LONGEST))
  return sections.flatMap(({ title, differences, note }) => [
    '',
    `**${title}**${note ? ` (${note})` : ''}`,
    ...(differences.length > 0
      ? ['', ...markdownTable(['', 'name', 'before', 'after'], differences.map(({ change, name, before, after }) => [change, cell(name), cell(before), cell(after)]))]
      : []),
  ])
}
