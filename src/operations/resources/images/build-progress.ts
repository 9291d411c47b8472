/** The progress of a Build, and the end of interrupted ones. */

import type { Context } from '../../../base/events.ts'
import { FINGERPRINTS } from '../../../reconcile/changes/own-changes.ts'
import { buildConditions, withTimes, type BuildProgress } from '../../../reconcile/conditions.ts'
import { IMAGE, outcomeOf } from '../../../reconcile/state.ts'
import type { Build, BuildStatus } from '../../../resources/kinds/build.ts'
import type { ReconcileScope } from '../scope.ts'

/** The fingerprint of a build that was interrupted: it differs from that of all others, so the image is built again. */
export const INTERRUPTED = 'interrupted'

/** Stores the progress of a build. */
export async function setProgress(build: Build, fields: BuildStatus, progress: BuildProgress, { resources, now }: ReconcileScope, context: Context): Promise<Build> {
  const conditions = withTimes(buildConditions(progress), build.status?.conditions, now())
  return resources.writeStatus(build, { observedGeneration: build.metadata.generation, ...fields, conditions }, context)
}

/** Marks a build that this process, or one that was killed, did not finish. Nothing can interrupt this. */
export async function markInterrupted(build: Build, scope: ReconcileScope): Promise<void> {
  const marked = await markForRetry(build, scope, {})
  await setProgress(marked, {}, { state: 'failed', message: 'Error: the build was interrupted' }, scope, {})
}

/** Marks a build: the next reconciliation builds its image again. */
export function markForRetry(build: Build, { resources }: ReconcileScope, context: Context): Promise<Build> {
  const annotations = { ...build.metadata.annotations, [FINGERPRINTS]: JSON.stringify({ [INTERRUPTED]: 'yes' }) }
  return resources.write({ ...build, metadata: { ...build.metadata, annotations } }, context)
}

/** Ends a build that a killed process left running: this process holds the lock, so no other runs it. */
export async function settleInterrupted(build: Build, scope: ReconcileScope, context: Context): Promise<void> {
  // A Build that a user applied runs again (single-builds.ts).
  if (outcomeOf(build) !== 'running' || build.metadata.labels?.[IMAGE] === undefined) return
  if (scope.options.kpackCompatible) await scope.resources.remove(build, context)
  else await markInterrupted(build, scope)
}
