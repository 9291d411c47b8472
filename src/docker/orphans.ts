/** Clears up after runs of `cnb` that were killed before they could do it themselves. */

import { toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { type Engine, OWNER_LABEL, type Owned, UNFINISHED_LABEL } from './engine.ts'
import { refusalStatus } from './errors.ts'
import { parseOwner, type ResourceOwner } from './owner.ts'

/** Longer than any build: an older object that does not run has no live owner on any machine. */
const ABANDONED_MS = 7 * 24 * 60 * 60 * 1000

/**
 * The names of containers that `cnb` makes. Labels alone prove nothing: a container has those of its image, and a buildpack can
 * give an app's image any.
 */
const OWN_NAME = /^cnb-(?:build-)?[0-9a-f]{16}$/

export interface OrphanSearch {
  /** In which this process runs (owner.ts): what was made elsewhere may be alive. */
  readonly space: string
  /** Whether an owner in this space has ended for certain. */
  readonly hasEnded: (owner: ResourceOwner) => Promise<boolean>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Removes the containers, then the volumes, whose owner has ended; what is in doubt stays until it is a week old. What cannot be
 * removed is told as a warning and left. Gives how many went.
 * @throws CnbError CNB_ENGINE_* when the engine cannot list them
 */
export async function removeOrphans(engine: Engine, search: OrphanSearch, context: Context = {}): Promise<number> {
  const { containers, volumes } = engine
  const remove = async (owned: Owned, removal: (fate: NonNullable<Fate>) => Promise<boolean>): Promise<number> => {
    const fate = context.signal?.aborted ? undefined : await fateOf(owned, search)
    if (!fate) return 0
    try {
      return (await removal(fate)) ? 1 : 0
    } catch (error) {
      context.events?.({ type: 'warning', message: `something that an earlier run left behind stays: ${toCnbError(error).message}` })
      return 0
    }
  }
  let removed = 0
  const own = (await containers.list(OWNER_LABEL, context)).filter(({ name }) => OWN_NAME.test(name))
  for (const container of own) removed += await remove(container, () => containers.remove(container.id).then(() => true))
  for (const volume of await volumes.list(OWNER_LABEL, context)) {
    removed += await remove(volume, async (fate) => {
      const unfinished = fate === 'ended' ? volume.labels[UNFINISHED_LABEL]?.split(' ') : undefined
      for (const name of unfinished ?? []) await removeUnused(engine, name)
      return removeUnused(engine, volume.name)
    })
  }
  return removed
}

/** Undefined for what stays. */
type Fate = 'ended' | 'abandoned' | undefined

async function fateOf({ labels, running, created }: Owned, { space, hasEnded, now }: OrphanSearch): Promise<Fate> {
  const owner = parseOwner(labels[OWNER_LABEL] ?? '')
  if (!owner) return undefined
  if (space !== '' && owner.space === space && (await hasEnded(owner))) return 'ended'
  return !running && created !== undefined && now() - created > ABANDONED_MS ? 'abandoned' : undefined
}

/** Gives whether it went: another build may have begun to use it, and then finishes it. */
async function removeUnused({ volumes }: Engine, name: string): Promise<boolean> {
  try {
    await volumes.remove(name)
    return true
  } catch (error) {
    if (refusalStatus(error) !== 409) throw error
    return false
  }
}
