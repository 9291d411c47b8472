/** Many rebased images as people read them. */

import { CnbError } from '../../base/errors.ts'
import type { RebaseManyResult, RebaseReport, RebaseStatus } from '../../operations/rebase-many.ts'
import { formatDuration } from '../../ui/quantity.ts'
import { table } from '../../ui/table.ts'
import type { Theme } from '../../ui/theme.ts'

/** A table, and below it how many are what. */
export function fleetText({ images, summary }: RebaseManyResult, theme: Theme): string {
  const rows = images.map((report) => [report.image, report.status, report.runImage ?? '', detailOf(report)])
  const counts: readonly [RebaseStatus, (text: string) => string][] = [
    ['rebased', theme.success],
    ['outdated', theme.warning],
    ['unchanged', theme.dim],
    ['skipped', theme.dim],
    ['failed', theme.error],
  ]
  const found = counts.filter(([status]) => summary[status] > 0).map(([status, paint]) => paint(`${summary[status]} ${status}`))
  const total = `${summary.total} ${summary.total === 1 ? 'image' : 'images'} in ${formatDuration(summary.durationMs)}`
  if (rows.length === 0) return 'No images: the list is empty'
  const columns = [{ title: 'IMAGE' }, { title: 'RESULT' }, { title: 'RUN IMAGE' }, { title: 'DETAIL' }]
  return [...table(columns, rows, theme), '', `${total}: ${found.join(', ')}`].join('\n')
}

function detailOf({ status, error, reason, reference }: RebaseReport): string {
  if (status === 'failed') return error?.code ?? ''
  if (status === 'rebased') return reference?.replace(/^.*@/, '') ?? ''
  return reason ?? ''
}

/** Failures with the images that they are of, those with the same words together. */
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
    const { code, message, hint, exit, position } = error
    return new CnbError(code, `${listed(names)}: ${message}`, { hint, exit, position, cause: error.cause })
  })
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}
