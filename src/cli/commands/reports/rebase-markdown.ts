/** The summary of rebases in Markdown. */

import { counted } from '../../../base/counted.ts'
import type { RebaseManyResult, RebaseReport } from '../../../operations/rebase/rebase-many.ts'
import { formatDuration } from '../../../ui/quantity.ts'
import { codeCell, markdownTable, textCell } from '../../markdown-table.ts'

/** In the order of the table: what needs attention comes first, because a summary may be cut. */
const ORDER = ['failed', 'outdated', 'rebased', 'skipped', 'unchanged'] as const

export function rebaseMarkdown({ images, summary }: RebaseManyResult): string {
  const counts = ORDER.filter((status) => summary[status] > 0).map((status) => `${summary[status]} ${status}`)
  const ordered = ORDER.flatMap((status) => images.filter((image) => image.status === status))
  return [
    `### Rebase of ${counted(summary.total, 'image')} in ${formatDuration(summary.durationMs)}: ${counts.join(', ') || 'nothing to do'}`,
    ...(ordered.length === 0 ? [] : ['', ...markdownTable(['image', 'result', 'run image', 'detail'], ordered.map(rowOf))]),
  ].join('\n')
}

function rowOf({ image, status, runImage = '', reference = '', reason = '', error }: RebaseReport): string[] {
  const detail = error ? `${codeCell(error.code)} ${textCell(error.message)}` : status === 'rebased' ? codeCell(reference) : textCell(reason)
  return [codeCell(image), status, codeCell(runImage), detail]
}
