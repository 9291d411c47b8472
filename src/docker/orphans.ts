/** Removes containers and volumes of earlier `cnb` runs that were killed. */

import { toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { type Engine, KEPT_NAME, OWNER_LABEL, type Owned, UNFINISHED_LABEL } from './engine.ts'
import { engineStatus } from './engine-errors.ts'
import { parseOwner, type ResourceOwner } from '../base/processes/owner.ts'

/** Longer than any build: an older object that does not run has no live owner on any machine. */
const ABANDONED_MS = 7 * 24 * 60 * 60 * 1000

/** The time that a container of a failed build stays. */
const KEPT_MS = 24 * 60 * 60 * 1000

/**
 * The names of containers that `cnb` creates, unless the user chose another. Labels alone do not prove who made a container with another name: it
 * inherits those of its image, and a buildpack can set any label on an app image.
 */
const OWN_NAME = /^cnb-(?:build-|kept-)?[0-9a-f]{16}$/

export interface OrphanSearch {
  /** The process space of this run (owner.ts): objects of another space may be in use. */
  readonly space: string
  /** Whether an owner in this space has certainly ended. */
  readonly hasEnded: (owner: ResourceOwner) => Promise<boolean>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Removes the containers, then the volumes, of owners that have ended; objects in doubt stay until they are a week old. Objects that
 * cannot be removed are reported as warnings. @returns the number of removed objects
 * @throws CnbError CNB_ENGINE_* if the engine cannot list them
 */
export async function removeOrphans(engine: Engine, search: OrphanSearch, context: Context = {}): Promise<number> {
  const { containers, volumes } = engine
  const remove = async (owned: Owned, removal: (fate: NonNullable<Fate>) => Promise<boolean>): Promise<number> => {
    const fate = context.signal?.aborted ? undefined : await fateOf(owned, search)
    if (!fate) return 0
    try {
      return (await removal(fate)) ? 1 : 0
    } catch (error) {
      context.events?.({ type: 'warning', message: `cannot remove leftovers of an earlier run: ${toCnbError(error).message}` })
      return 0
    }
  }
  let removed = 0
  for (const container of await ownContainers(engine, context)) removed += await remove(container, () => containers.remove(container.id).then(() => true))
  for (const volume of await volumes.list(OWNER_LABEL, context)) {
    removed += await remove(volume, async (fate) => {
      const unfinished = fate === 'ended' ? volume.labels[UNFINISHED_LABEL]?.split(' ') : undefined
      for (const name of unfinished ?? []) await removeUnused(engine, name)
      return removeUnused(engine, volume.name)
    })
  }
  return removed
}

/** Returns the number of objects that `removeOrphans` would remove. @throws CnbError CNB_ENGINE_* */
export async function countOrphans(engine: Engine, search: OrphanSearch, context: Context = {}): Promise<number> {
  const found = await Promise.all([ownContainers(engine, context), engine.volumes.list(OWNER_LABEL, context)])
  const fates = await Promise.all(found.flat().map((owned) => fateOf(owned, search)))
  return fates.filter((fate) => fate !== undefined).length
}

async function ownContainers({ containers, images }: Engine, context: Context): ReturnType<Engine['containers']['list']> {
  const own = []
  for (const container of await containers.list(OWNER_LABEL, context)) {
    if (OWN_NAME.test(container.name)) own.push(container)
    else {
      const image = await images.inspect(container.image, context)
      if (image && !(OWNER_LABEL in (image.config.Labels ?? {}))) own.push(container)
    }
  }
  return own
}

/** Undefined for objects that stay. */
type Fate = 'ended' | 'abandoned' | undefined

async function fateOf({ labels, running, created, name = '' }: Owned & { readonly name?: string }, { space, hasEnded, now }: OrphanSearch): Promise<Fate> {
  if (KEPT_NAME.test(name)) return !running && created !== undefined && now() - created > KEPT_MS ? 'abandoned' : undefined
  const owner = parseOwner(labels[OWNER_LABEL] ?? '')
  if (!owner) return undefined
  if (space !== '' && owner.space === space && (await hasEnded(owner))) return 'ended'
  return !running && created !== undefined && now() - created > ABANDONED_MS ? 'abandoned' : undefined
}

/** Returns whether it was removed: another build may have started to use it, and then completes it. */
async function removeUnused({ volumes }: Engine, name: string): Promise<boolean> {
  try {
    await volumes.remove(name)
    return true
  } catch (error) {
    if (engineStatus(error) !== 409) throw error
    return false
  }
}
