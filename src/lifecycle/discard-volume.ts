/** Removing a volume in which nothing of use is left. */

import type { Context } from '../base/events.ts'
import type { Engine } from '../docker/engine.ts'
import { isEngineGone, refusalStatus } from '../docker/errors.ts'

/** Never fails: a volume that another build has in use by now stays, and of one that the engine cannot remove a warning tells. */
export async function discardVolume({ volumes }: Engine, name: string, { events }: Context): Promise<void> {
  try {
    await volumes.remove(name)
  } catch (error) {
    const isNoMatter = isEngineGone(error) || refusalStatus(error) === 409
    events?.({ type: isNoMatter ? 'debug' : 'warning', message: `volume '${name}' stays: ${(error as Error).message}` })
  }
}
