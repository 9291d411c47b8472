/** Removes a volume that is not needed any more. */

import type { Context } from '../base/events.ts'
import type { Engine } from '../docker/engine.ts'
import { isEngineGone, engineStatus } from '../docker/engine-errors.ts'

/** Removes a volume and never throws: a volume in use by another build remains; other failures are reported as a warning. */
export async function discardVolume({ volumes }: Engine, name: string, { events }: Context): Promise<void> {
  try {
    await volumes.remove(name)
  } catch (error) {
    const isNoMatter = isEngineGone(error) || engineStatus(error) === 409
    events?.({ type: isNoMatter ? 'debug' : 'warning', message: `cannot remove volume '${name}': ${(error as Error).message}` })
  }
}
