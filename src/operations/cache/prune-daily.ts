/** Removes caches over the budgets of the configuration after a build, at most once a day. */

import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { counted } from '../../base/counted.ts'
import type { Context } from '../../base/events.ts'
import { cacheDirectory } from '../../registry/download/cache-directory.ts'
import { Facts } from '../../registry/download/facts.ts'
import type { Config } from '../config/config.ts'
import type { EngineServices } from '../services.ts'
import { planPrune } from './plan-prune.ts'
import { prune } from './prune.ts'

/** A size makes the engine read all of its volumes. */
const INTERVAL = 24 * 60 * 60 * 1000
const FACT = ['pruned', 'caches'] as const

/** Without a budget, nothing happens. A failure is a warning: the build has succeeded. @throws CnbError CNB_INTERRUPTED */
export async function pruneDaily({ cacheBudget, cacheMaxAge }: Pick<Config, 'cacheBudget' | 'cacheMaxAge'>, services: Pick<EngineServices, 'engine' | 'host'>, context: Context, now = Date.now()): Promise<void> {
  if (cacheBudget === undefined && cacheMaxAge === undefined) return
  const facts = new Facts(join(cacheDirectory(services.host), 'facts'))
  const last = await lstat(facts.pathOf(...FACT)).then(({ mtimeMs }) => mtimeMs, () => 0)
  if (now - last < INTERVAL) return
  try {
    // First: a second build does not do the same, and a directory that cannot be written does not cause a prune in each build.
    await facts.write(...FACT, { budget: cacheBudget, age: cacheMaxAge })
    const plan = await planPrune({ images: [], olderThan: cacheMaxAge, keepSize: cacheBudget, isAutomatic: true }, services, context, now)
    const { caches, failures } = await prune(plan, services, context)
    if (caches.length > 0) context.events?.({ type: 'info', message: `removed ${counted(caches.length, 'cache')} over cache-budget or cache-max-age` })
    for (const { message } of failures) context.events?.({ type: 'warning', message })
  } catch (error) {
    context.signal?.throwIfAborted()
    context.events?.({ type: 'warning', message: `cannot remove caches over the budget: ${(error as Error).message}` })
  }
}
