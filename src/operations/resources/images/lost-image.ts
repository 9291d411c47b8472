/** Images that the engine no longer has. */

import type { Context } from '../../../base/events.ts'
import { placeOf } from '../../../reconcile/changes/own-changes.ts'
import { buildsOf } from '../../../reconcile/history.ts'
import type { Image } from '../../../resources/kinds/image.ts'
import type { ReconcileScope } from '../scope.ts'

/** Whether the engine no longer has the newest image of builds that save there. */
export async function isLost(image: Image, { options, resources, engine }: ReconcileScope, context: Context): Promise<boolean> {
  const latest = buildsOf(image, resources.list('Build')).at(-1)?.status?.latestImage
  if (options.to !== 'engine' || latest === undefined || placeOf(latest) !== 'engine') return false
  return (await (await engine()).engine.images.inspect(latest, context)) === undefined
}
