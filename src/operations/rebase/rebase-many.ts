/** Rebases many images concurrently; the failure of one does not stop the others. */

import { counted } from '../../base/counted.ts'
import { abortError, toCnbError, type CnbError } from '../../base/errors.ts'
import { decide, step, type Context } from '../../base/events.ts'
import { NotAnAppImage } from '../../images/rebase/rebase-plan.ts'
import type { ListedImage } from './image-list.ts'
import type { RebaseResult } from './rebase-result.ts'

/** `outdated`: a dry run would have rebased it; `skipped`: an image from a repository's tags that no lifecycle built. */
export type RebaseStatus = 'rebased' | 'outdated' | 'unchanged' | 'skipped' | 'failed'

/** The outcome for one image. */
export interface RebaseReport extends Partial<RebaseResult> {
  readonly image: string
  readonly status: RebaseStatus
  readonly durationMs: number
  readonly error?: CnbError
}

export interface RebaseSummary extends Readonly<Record<RebaseStatus, number>> {
  readonly total: number
  readonly durationMs: number
}

export interface RebaseManyResult {
  readonly images: readonly RebaseReport[]
  readonly summary: RebaseSummary
}

export interface RebaseManyOptions {
  readonly images: readonly ListedImage[]
  /** The number of images that are processed at the same time. */
  readonly concurrency: number
  readonly dryRun: boolean
}

/** The default number of concurrent rebases in registries; each mostly waits for its registry. */
export const CONCURRENCY = 12

/** The exit code of errors that mean that the engine is lost for all images. */
const ENGINE_GONE = 125

/**
 * Calls `rebase` for each image, and emits an `image` event after each.
 * @throws CnbError the abort reason, and CNB_ENGINE_* if the engine is lost
 */
export async function rebaseMany(
  { images, concurrency, dryRun }: RebaseManyOptions,
  rebase: (image: string, context: Context) => Promise<RebaseResult>,
  context: Context,
): Promise<RebaseManyResult> {
  const start = performance.now()
  const total = images.length
  const reports: RebaseReport[] = []
  const failed = { count: 0 }
  let done = 0
  const queue = images.entries()
  const name = `${dryRun ? 'checking' : 'rebasing'} ${counted(total, 'image')}`
  const work = async (): Promise<void> => {
    for (const [index, image] of queue) {
      const report = await rebaseOne(image, dryRun, rebase, context)
      reports[index] = report
      if (report.status === 'failed') failed.count++
      context.events?.({ type: 'image', step: name, done: ++done, failed: failed.count, total, report })
    }
  }
  await step(context, name, () => Promise.all(Array.from({ length: Math.min(concurrency, total) }, work)))
  return { images: reports, summary: { total, ...countOf(reports), durationMs: performance.now() - start } }
}

async function rebaseOne(
  { name, isFound }: ListedImage,
  dryRun: boolean,
  rebase: (image: string, context: Context) => Promise<RebaseResult>,
  context: Context,
): Promise<RebaseReport> {
  const start = performance.now()
  try {
    return reportOf(await rebase(name, context), dryRun)
  } catch (thrown) {
    if (context.signal?.aborted) throw abortError(context.signal)
    const error = toCnbError(thrown)
    if (error.exit === ENGINE_GONE) throw error
    decide(context, { kind: 'rebase', name }, 'not done', error.message)
    const durationMs = performance.now() - start
    if (isFound && error instanceof NotAnAppImage) return { image: name, status: 'skipped', durationMs, reason: error.message }
    return { image: name, status: 'failed', durationMs, error }
  }
}

function reportOf(result: RebaseResult, dryRun: boolean): RebaseReport {
  return { ...result, status: !result.changed ? 'unchanged' : dryRun ? 'outdated' : 'rebased' }
}

/** Returns the result for one image in the form of that for several. */
export function asFleet(result: RebaseResult, dryRun: boolean): RebaseManyResult {
  const images = [reportOf(result, dryRun)]
  return { images, summary: { total: 1, ...countOf(images), durationMs: result.durationMs } }
}

function countOf(reports: readonly RebaseReport[]): Record<RebaseStatus, number> {
  const counts = { rebased: 0, outdated: 0, unchanged: 0, skipped: 0, failed: 0 }
  for (const { status } of reports) counts[status]++
  return counts
}
