/** Brings all resources of a state up to date, in the order of their references. */

import type { Context } from '../../base/events.ts'
import type { Image } from '../../resources/kinds/image.ts'
import { addDefaultLifecycle } from './builders/default-lifecycle.ts'
import { reconcileBases } from './builders/reconcile-bases.ts'
import { reconcileBuilders } from './builders/reconcile-builders.ts'
import { reconcileImages, resolveSources, type ResolvedImage } from './images/reconcile-images.ts'
import { runSingleBuilds } from './images/single-builds.ts'
import type { ReconcileScope } from './scope.ts'

/** Reconciles what images depend on, while their sources are resolved. @throws CnbError as reconcile */
export async function reconcileBasesAndSources(scope: ReconcileScope, isWanted: (image: Image) => boolean, context: Context): Promise<ResolvedImage[]> {
  const reconcileBuilt = async (): Promise<void> => {
    await addDefaultLifecycle(scope, context)
    await reconcileBases(scope, context)
    await reconcileBuilders(scope, context)
  }
  const [resolved] = await Promise.all([resolveSources(scope, isWanted, context), reconcileBuilt()])
  return resolved
}

/**
 * Reconciles everything once. Failures of resources are in their conditions; builds that fail do not stop others.
 * @param isWanted selects the images to build; the others keep their state
 * @throws CnbError CNB_INTERRUPTED, CNB_STATE_CHANGED, CNB_OUTPUT
 */
export async function reconcile(scope: ReconcileScope, isWanted: (image: Image) => boolean, context: Context): Promise<void> {
  const resolved = await reconcileBasesAndSources(scope, isWanted, context)
  await reconcileImages(resolved, scope, context)
  await runSingleBuilds(scope, context)
}
