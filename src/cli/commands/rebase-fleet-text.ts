/** Human-readable result of rebasing several images. */

import { counted } from '../../base/counted.ts'
import { CnbError } from '../../base/errors.ts'
import type { RebaseManyResult, RebaseReport, RebaseStatus } from '../../operations/rebase/rebase-many.ts'
import { formatDuration } from '../../ui/quantity.ts'
import { table, type Column } from '../../ui/table.ts'
import type { Theme } from '../../ui/theme.ts'
import { shortDigest } from './place-text.ts'

/** In the order of the summary. */
const STATUS_COLORS: Readonly<Record<RebaseStatus, keyof Pick<Theme, 'success' | 'warning' | 'dim' | 'error'>>> = {
  rebased: 'success',
  outdated: 'warning',
  unchanged: 'dim',
  skipped: 'dim',
  failed: 'error',
}

const isStatus = (text: string): text is RebaseStatus => Object.hasOwn(STATUS_COLORS, text)

/** Formats a table of images and, below it, a count per status. */
export function fleetText({ images, summary }: RebaseManyResult, theme: Theme): string {
  if (images.length === 0) return 'No images: the list is empty'
  const paint = (cell: string): string => (isStatus(cell) ? theme[STATUS_COLORS[cell]](cell) : cell)
  const bases = [...new Set(images.flatMap(({ runImage }) => runImage ?? []))]
  // A run image that all rows share is shown once, below the table.
  const rows = images.map((report) => [report.image, report.status, bases.length > 1 ? (report.runImage ?? '') : '', detailOf(report)])
  const columns: readonly Column[] = [{ title: 'IMAGE' }, { title: 'RESULT', paint }, { title: 'RUN IMAGE', spare: true }, { title: 'DETAIL' }]
  const counts = Object.keys(STATUS_COLORS).filter(isStatus).filter((status) => summary[status] > 0)
  const total = `${counted(summary.total, 'image')} in ${formatDuration(summary.durationMs)}`
  return [
    ...table(columns, rows, theme),
    '',
    ...(bases.length === 1 ? [`Run image ${theme.name(bases[0] ?? '')}`] : []),
    `${total}: ${counts.map((status) => theme[STATUS_COLORS[status]](`${summary[status]} ${status}`)).join(', ')}`,
  ].join('\n')
}

function detailOf({ status, error, reason, reference }: RebaseReport): string {
  switch (status) {
    case 'failed':
      return error?.code ?? ''
    case 'rebased':
      return shortDigest(reference?.replace(/^.*@/, '') ?? '')
    case 'skipped':
      return 'not built by a lifecycle'
    default:
      return reason ?? ''
  }
}

/** Returns the failures, each with the images that it concerns; equal failures are merged. */
export function fleetFailures(images: readonly RebaseReport[]): CnbError[] {
  const groups = new Map<string, { error: CnbError; names: string[] }>()
  for (const { image, error } of images) {
    if (!error) continue
    const key = `${error.code} ${error.message}`
    const group = groups.get(key) ?? { error, names: [] }
    group.names.push(image)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ error, names }) => {
    const { code, message, hint, exit, position, cause } = error
    return new CnbError(code, `${listed(names)}: ${message}`, { hint, exit, position, cause })
  })
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}
