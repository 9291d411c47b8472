/** Conditions of all kinds other than Image, with kpack's texts. */

import type { Build } from '../resources/kinds/build.ts'
import type { BuilderStatus } from '../resources/kinds/builder.ts'
import type { ClusterLifecycle, ClusterStack, ClusterStore } from '../resources/kinds/bases.ts'
import type { Condition, Status } from '../resources/resource.ts'
import { conditionOf, type AnyBuilder } from './state.ts'
import { rfc3339 } from './times.ts'

/** A condition before its time is known. */
export type NewCondition = Omit<Condition, 'lastTransitionTime'>

/**
 * Returns conditions with their times: the time changes only with the status.
 * @param before the conditions that they replace
 */
export function withTimes(conditions: readonly NewCondition[], before: readonly Condition[] | undefined, now: Date): Condition[] {
  return conditions.map((condition) => {
    const old = before?.find(({ type, status }) => type === condition.type && status === condition.status)
    return { ...condition, lastTransitionTime: old?.lastTransitionTime ?? rfc3339(now) }
  })
}

/** Returns the condition of a ClusterStack, ClusterStore, ClusterLifecycle, Buildpack or ClusterBuildpack: ready, or the cause why not. */
export function readyConditions(cause?: string): NewCondition[] {
  return [cause === undefined ? { type: 'Ready', status: 'True' } : { type: 'Ready', status: 'False', ...(cause && { message: cause }) }]
}

/**
 * Returns the conditions of a Builder or ClusterBuilder. It stays ready with its last image if it cannot be created anew.
 * @param cause why the builder could not be created
 */
export function builderConditions({ latestImage }: BuilderStatus, cause?: string): NewCondition[] {
  if (cause === undefined) return [{ type: 'Ready', status: 'True' }, { type: 'UpToDate', status: 'True' }]
  return [
    latestImage ? { type: 'Ready', status: 'True' } : { type: 'Ready', status: 'False', reason: 'NoLatestImage', message: 'Builder has no latestImage' },
    { type: 'UpToDate', status: 'False', reason: 'ReconcileFailed', ...(cause && { message: cause }) },
  ]
}

/** The resources that a builder needs; undefined if none has that name. */
export interface BuilderParts {
  readonly store?: ClusterStore | undefined
  readonly stack?: ClusterStack | undefined
  readonly lifecycle?: ClusterLifecycle | undefined
}

/** Returns why a builder cannot be created yet, in kpack's words; a store need not be ready. */
export function builderObstacle({ kind, spec }: AnyBuilder, { store, stack, lifecycle }: BuilderParts): string | undefined {
  const lifecycleName = spec.lifecycle?.name || 'default-lifecycle'
  if (spec.store?.name && !store) return `clusterstore.kpack.io "${spec.store.name}" not found`
  if (!stack) return `clusterstack.kpack.io "${spec.stack.name ?? ''}" not found`
  if (!isReady(stack)) return kind === 'ClusterBuilder' ? `stack ${stack.metadata.name} is not ready` : `Error: clusterstack '${stack.metadata.name}' is not ready`
  if (!lifecycle) return `clusterlifecycle.kpack.io "${lifecycleName}" not found`
  return isReady(lifecycle) ? undefined : `Error: clusterlifecycle '${lifecycle.metadata.name}' is not ready`
}

/** How a build is going: it failed in a step, could not start, or waits with a reason. */
export type BuildProgress =
  | { readonly state: 'succeeded' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'rejected'; readonly message: string }
  | { readonly state: 'running'; readonly reason?: string; readonly message?: string }

/** Returns the condition of a Build. */
export function buildConditions(progress: BuildProgress): NewCondition[] {
  const type = 'Succeeded'
  switch (progress.state) {
    case 'succeeded':
      return [{ type, status: 'True', reason: 'Completed' }]
    case 'failed':
      return [{ type, status: 'False', reason: 'Failed', ...(progress.message && { message: progress.message }) }]
    case 'rejected':
      return [{ type, status: 'False', message: progress.message }]
    case 'running':
      return [{ type, status: 'Unknown', ...(progress.reason && { reason: progress.reason }), ...(progress.message && { message: progress.message }) }]
  }
}

/** Returns the message of a build's condition; undefined without a condition. */
export function buildMessage(build: Build): string | undefined {
  const condition = conditionOf(build, 'Succeeded')
  return condition && (condition.message ?? '')
}

/** As kpack, does not compare generations here. */
function isReady(resource: { status?: Status }): boolean {
  return conditionOf(resource, 'Ready')?.status === 'True'
}
