/** The volume with the files of a large app, of which the next build sends only changes. */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { engineStatus } from '../../../docker/engine-errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Engine } from '../../../docker/engine.ts'
import { CACHE_LABELS } from '../../cache-volumes.ts'
import type { BuildStart } from '../../lifecycle.ts'
import { appDirOf } from '../../phase.ts'
import type { NewVolume } from '../../unfinished-volumes.ts'

/** A volume for the app's directory. */
export interface AppVolume {
  readonly name: string
  /** Whether it is empty, apart from files that the builder image has in the app's directory. */
  readonly isNew: boolean
}

/** The builder and its user: an engine copies the files of an image only into a new volume. */
const BUILDER_LABEL = 'dev.cnb.app.builder'

/**
 * Returns the app's volume for this build, to be created unless it exists. A volume of another builder is removed first. Returns
 * undefined for a small app, if the user mounts something into the app, or while another build uses the volume with another builder.
 * @param appDirectory undefined for a small app
 * @throws CnbError CNB_ENGINE_*
 */
export async function planAppVolume({ volumes }: Pick<Engine, 'volumes'>, plan: BuildStart, appDirectory: TarEntry | undefined, context: Context): Promise<NewVolume | undefined> {
  const directory = `${appDirOf(plan)}/`
  // Clearing the directory must not remove files of the user.
  const isBeside = ({ target }: { readonly target: string }): boolean => !`${target}/`.startsWith(directory) && !directory.startsWith(`${target}/`)
  if (!appDirectory || !plan.volumes.every(isBeside)) return undefined
  const { builder, cacheVolumes } = plan
  const labels = { ...CACHE_LABELS, [BUILDER_LABEL]: `${builder.image.id} ${builder.uid}:${builder.gid}` }
  const found = await volumes.labels(cacheVolumes.app, context)
  if (found && found[BUILDER_LABEL] !== labels[BUILDER_LABEL]) {
    try {
      await volumes.remove(cacheVolumes.app)
    } catch (error) {
      if (engineStatus(error) !== 409) throw error
      return undefined
    }
  }
  return { name: cacheVolumes.app, labels }
}
