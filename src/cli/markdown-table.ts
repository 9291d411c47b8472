/** Tables in Markdown, for the summary of a job in GitHub Actions. */

import { sanitizeText } from '../ui/sanitize.ts'

/** @param rows cells made by the functions below */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...rows.map(line)]
}

/** Returns external text for a cell, without tags of HTML. */
export function textCell(text: string): string {
  return plain(text).replaceAll('<', '&lt;')
}

/** Returns external text as code, in which links and images have no effect; empty for no text. */
export function codeCell(text: string): string {
  return text === '' ? '' : `\`${plain(text).replaceAll('`', "'")}\``
}

function plain(text: string): string {
  return sanitizeText(text).replaceAll('|', '\\|').replaceAll('\n', ' ')
}
