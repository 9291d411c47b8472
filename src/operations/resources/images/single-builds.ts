/** Runs the Builds that a user applied. Each runs once, as on a cluster. */

import type { Context } from '../../../base/events.ts'
import { buildConditions, withTimes } from '../../../reconcile/conditions.ts'
import { IMAGE, outcomeOf } from '../../../reconcile/state.ts'
import { recordFailure, type ReconcileScope } from '../scope.ts'
import { builderImageOf } from './build-settings.ts'

/** Runs the Builds without a result; those that a killed process left too. @throws CnbError CNB_INTERRUPTED, CNB_STATE_CHANGED, CNB_OUTPUT */
export async function runSingleBuilds(scope: ReconcileScope, context: Context): Promise<void> {
  const { resources, now } = scope
  for (const build of resources.list('Build')) {
    if (build.metadata.labels?.[IMAGE] !== undefined || outcomeOf(build) !== 'running') continue
    if (builderImageOf(build, resources) !== undefined) {
      const { runBuild } = await import('./run-build.ts')
      const failure = await runBuild({ build, kind: 'BUILD' }, scope, context)
      if (failure) recordFailure(scope, 'run', build, failure)
    } else await resources.writeStatus(build, { ...build.status, conditions: withTimes(buildConditions({ state: 'running', message: 'the builder is not ready' }), build.status?.conditions, now()) }, context)
  }
}
