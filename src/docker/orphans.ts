/** Clears up after runs of `cnb` that were killed before they could do it themselves. */

import { toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { OWNER_LABEL, type Engine } from './engine.ts'
import { parseOwner, type Owner } from './owner.ts'

export interface OrphanSearch {
  /** Name of this machine: what others made on the same engine is theirs. */
  readonly hostname: string
  /** Whether the process still runs, and is the one that began then. */
  readonly isAlive: (owner: Owner) => Promise<boolean>
}

/**
 * Removes the containers, then the volumes, whose owner ran on this machine and does no more. What cannot be removed is told as
 * a warning and left. Gives how many went.
 * @throws CnbError CNB_ENGINE_* when the engine cannot list them
 */
export async function removeOrphans(engine: Engine, search: OrphanSearch, context: Context = {}): Promise<number> {
  const { containers, volumes } = engine
  const isOrphan = async (labels: Record<string, string>): Promise<boolean> => {
    const owner = parseOwner(labels[OWNER_LABEL] ?? '')
    return owner !== undefined && owner.hostname === search.hostname && !(await search.isAlive(owner))
  }
  const remove = async (labels: Record<string, string>, removal: () => Promise<void>): Promise<number> => {
    if (context.signal?.aborted || !(await isOrphan(labels))) return 0
    try {
      await removal()
      return 1
    } catch (error) {
      context.events?.({ type: 'warning', message: `something that an earlier run left behind stays: ${toCnbError(error).message}` })
      return 0
    }
  }
  let removed = 0
  for (const { id, labels } of await containers.list(OWNER_LABEL, context)) removed += await remove(labels, () => containers.remove(id))
  for (const { name, labels } of await volumes.list(OWNER_LABEL, context)) removed += await remove(labels, () => volumes.remove(name))
  return removed
}
