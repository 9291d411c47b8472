/** Handler of `cnb cache prune`. */

import { counted } from '../../../base/counted.ts'
import { CnbError } from '../../../base/errors.ts'
import type { ImageCache } from '../../../operations/cache/find-caches.ts'
import { cacheSize, planPrune, type PruneOptions } from '../../../operations/cache/plan-prune.ts'
import { prune, type Pruned } from '../../../operations/cache/prune.ts'
import { formatBytes } from '../../../ui/quantity.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import { sanitizeLine } from '../../../ui/sanitize.ts'
import { formatTable } from '../../../ui/table.ts'
import type { Theme } from '../../../ui/theme.ts'
import type { HandlerOfSeveral } from '../../command.ts'
import { cacheDocument, entriesSize } from './caches-document.ts'
import { totalSize } from './caches-text.ts'

type Values = Omit<PruneOptions, 'images'> & { readonly dryRun?: boolean | undefined; readonly force?: boolean | undefined }

export const runPruneCaches: HandlerOfSeveral<Values> = async (images, { dryRun = false, force = false, ...options }, session) => {
  const { context, confirm } = session
  if (!dryRun && !force && !confirm) {
    throw new CnbError('CNB_USAGE', 'cannot confirm the removal: standard input or error output is not a terminal', { hint: 'Use --force to remove them without a question, or --dry-run to show them.' })
  }
  const services = await session.services()
  const plan = await planPrune({ images, ...options }, services, context)
  const isEmpty = plan.caches.length === 0 && plan.entries.length === 0
  const planned: Pruned = { ...plan, failures: [] }
  if (dryRun) return { ...outcomeOf(planned, 'Would remove'), exit: isEmpty ? 0 : 3 }
  if (!isEmpty && !force && !(await confirm?.(questionOf(planned)))) {
    return { data: documentOf({ ...planned, caches: [], entries: [] }), line: '', text: () => 'Nothing is removed', exit: 1 }
  }
  const pruned = await prune(plan, services, context)
  return { ...outcomeOf(pruned, 'Removed'), failures: pruned.failures, exit: pruned.failures.length > 0 ? 1 : 0 }
}

function questionOf(planned: Pruned): string {
  const names = planned.caches.slice(0, 10).map(({ image }) => `  ${sanitizeLine(image, false)}\n`)
  const more = planned.caches.length > names.length ? `  and ${planned.caches.length - names.length} more\n` : ''
  return `This removes ${amountOf(planned)}${names.length > 0 ? `:\n${names.join('')}${more}` : '. '}Remove them?`
}

function outcomeOf(pruned: Pruned, verb: 'Removed' | 'Would remove'): Outcome {
  const isEmpty = pruned.caches.length === 0 && pruned.entries.length === 0
  return {
    data: documentOf(pruned),
    line: pruned.caches.map(({ image }) => image).join('\n'),
    text: (theme) =>
      [
        ...(pruned.caches.length === 0 ? [] : [...cachesTable(pruned.caches, theme), '']),
        ...pruned.kept.map(({ image, reason }) => sanitizeLine(`${image} stays: ${reason}`, false)),
        isEmpty ? 'No cache to remove' : `${theme.success(verb)} ${amountOf(pruned)}`,
      ].join('\n'),
  }
}

function cachesTable(caches: readonly ImageCache[], theme: Theme): string[] {
  const rows = caches.map((cache) => {
    const size = cacheSize(cache)
    return [cache.image, String(cache.volumes.length), size === undefined ? '' : formatBytes(size)]
  })
  return formatTable([{ title: 'IMAGE' }, { title: 'VOLUMES', align: 'right' }, { title: 'SIZE', align: 'right' }], rows, theme)
}

/** `3 caches with 12 volumes, and 40 files: 1.2 GB`. */
function amountOf({ caches, entries }: Pick<Pruned, 'caches' | 'entries'>): string {
  const volumes = caches.reduce((sum, cache) => sum + cache.volumes.length, 0)
  const parts = [
    ...(caches.length > 0 ? [`${counted(caches.length, 'cache')} with ${counted(volumes, 'volume')}`] : []),
    ...(entries.length > 0 ? [`${counted(entries.length, 'file')} of the cache directory`] : []),
  ]
  const isMeasured = caches.every((cache) => cacheSize(cache) !== undefined)
  return `${parts.join(' and ')}, ${isMeasured ? formatBytes(totalSize(caches) + entriesSize(entries)) : 'of unknown size'}`
}

function documentOf({ caches, entries, kept, failures }: Pruned): object {
  return {
    images: caches.map(cacheDocument),
    directory: { entries: entries.length, size: entriesSize(entries) },
    kept,
    failures: failures.map(({ code, message }) => ({ code, message })),
    size: totalSize(caches) + entriesSize(entries),
  }
}
