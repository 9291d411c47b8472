/** Brings images up to date: resolves their sources, decides, and builds or rebases. */

import { isDeepStrictEqual } from 'node:util'
import type { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { Limiter } from '../../../base/limiter.ts'
import type { BuildNeeded, Decision, DecisionOptions } from '../../../reconcile/decide-build.ts'
import { cacheName, reconcileImage, type ImageStep } from '../../../reconcile/reconcile-image.ts'
import { resourceId } from '../../../reconcile/state.ts'
import type { Image } from '../../../resources/kinds/image.ts'
import { findBuilder } from '../builders/reconcile-builders.ts'
import { CONCURRENCY } from '../../rebase/rebase-many.ts'
import { accountOf } from '../accounts.ts'
import { recordFailure, type ReconcileScope } from '../scope.ts'
import type { SourceResolver } from '../../../resources/kinds/source-resolver.ts'
import { INTERRUPTED, settleInterrupted } from './build-progress.ts'
import { labelledEvents } from './labelled-events.ts'
import { referencedFingerprint } from './referenced.ts'
import { isLost } from './lost-image.ts'
import { resolveSource } from './resolve-source.ts'

/** Concurrent decisions: most of the time is spent waiting for git and registries. */
const AT_ONCE = 8
export const PARALLEL_BUILDS = 2
export const MAKINGS = { BUILD: 'build', REBASE: 'rebase', RETAG: 'retag' } as const

/** The next step of an Image. */
export interface PlannedImage {
  readonly image: Image
  readonly resolver: SourceResolver
  readonly step: ImageStep
}

/** An Image with its resolved source. */
export type ResolvedImage = Pick<PlannedImage, 'image' | 'resolver'>

/** Resolves the sources of the wanted images, several at once, and stores nothing. One that cannot be resolved is part of the decision. */
export function resolveSources(scope: ReconcileScope, isWanted: (image: Image) => boolean, context: Context): Promise<ResolvedImage[]> {
  const limit = new Limiter(AT_ONCE)
  const images = scope.resources.list('Image').filter(isWanted)
  return Promise.all(images.map((image) => limit.run(async () => ({ image, resolver: await resolveSource(image, scope, context) }))))
}

/** Decides about images, and stores nothing. */
export function planImages(resolved: readonly ResolvedImage[], scope: ReconcileScope, context: Context): Promise<PlannedImage[]> {
  const limit = new Limiter(AT_ONCE)
  return Promise.all(resolved.map(({ image, resolver }) => limit.run(() => planImage(image, resolver, scope, context))))
}

/** Decides about an image with a resolved source. */
export async function planImage(image: Image, resolver: SourceResolver, scope: ReconcileScope, context: Context): Promise<PlannedImage> {
  return { image, resolver, step: decide(image, resolver, scope, { isLost: await isLost(image, scope, context) }) }
}

/** Returns whether the plan changes nothing: no build, no status. */
export function isSettled({ image, resolver, step }: PlannedImage, { resources }: ReconcileScope): boolean {
  const stored = resources.get(resolver)
  return !step.build && step.surplus.length === 0 && isSame(step.status, image.status) && isSame(resolver.spec, stored?.spec) && isSame(resolver.status, stored?.status)
}

function isSame(planned: unknown, stored: unknown): boolean {
  // Undefined members are not stored.
  return isDeepStrictEqual(JSON.parse(JSON.stringify(planned ?? {})), stored ?? {})
}

/** Makes the needed builds, those for the user's own changes first. @throws CnbError CNB_INTERRUPTED, CNB_STATE_CHANGED, CNB_OUTPUT */
export async function reconcileImages(resolved: readonly ResolvedImage[], scope: ReconcileScope, context: Context): Promise<void> {
  for (const build of scope.resources.list('Build')) await settleInterrupted(build, scope, context)
  const planned = await planImages(resolved, scope, context)
  const [building, rebasing] = [new Limiter(scope.options.maxParallel ?? PARALLEL_BUILDS), new Limiter(CONCURRENCY)]
  const limitOf = ({ step: { decision } }: PlannedImage): Limiter => (isNeeded(decision) && usesEngine(decision, scope) ? building : rebasing)
  const urgent = planned.sort((a, b) => priorityOf(b.step) - priorityOf(a.step))
  const builds = planned.filter(({ step }) => isNeeded(step.decision)).length
  const contextOf = ({ image: { metadata } }: PlannedImage): Context =>
    builds < 2 ? context : { ...context, events: labelledEvents(`${metadata.namespace ?? ''}/${metadata.name}`, context.events) }
  const round: ReconcileScope = { ...scope, rebasers: new Map() }
  const results = await Promise.allSettled(urgent.map((each) => limitOf(each).run(() => settle(each, round, contextOf(each)))))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** A rebase in a registry mostly waits for the registry. */
function usesEngine({ kind }: BuildNeeded, { options }: ReconcileScope): boolean {
  return kind === 'BUILD' || options.to === 'engine'
}

export function priorityOf({ decision }: ImageStep): number {
  return decision && 'priority' in decision ? decision.priority : 0
}

function decide(image: Image, resolver: SourceResolver, { resources, options, accounts, now }: ReconcileScope, more: Pick<DecisionOptions, 'mayBuild' | 'isLost'>): ImageStep {
  const builder = findBuilder(image.spec.builder, image.metadata.namespace, resources)
  const fingerprints = { credentials: accounts.fingerprintOf(accountOf(image)), ...referencedFingerprint(image, resources), [INTERRUPTED]: 'no' }
  const decision: DecisionOptions = { now: now(), kpackCompatible: options.kpackCompatible, to: options.to, fingerprints, ...more }
  // kpack has stored this name before a new Image's source is resolved and its first build is made.
  const known = image.status ? image : { ...image, status: { buildCacheName: cacheName(image) } }
  return reconcileImage(known, { builds: resources.list('Build'), resolver, builder }, decision)
}

/**
 * Stores the decision, builds, and stores the result. Another build is for the next round.
 * @returns the error of a build that failed
 * @throws CnbError CNB_INTERRUPTED, CNB_STATE_CHANGED, CNB_OUTPUT
 */
export async function settle({ image, resolver, step }: PlannedImage, scope: ReconcileScope, context: Context): Promise<CnbError | undefined> {
  context.signal?.throwIfAborted()
  const { resources } = scope
  const { status: found, ...spec } = resolver
  await resources.writeStatus(await resources.write(spec as SourceResolver, context), found ?? {}, context)
  for (const build of step.surplus) await resources.remove(build, context)
  if (!step.build || !isNeeded(step.decision)) {
    await resources.writeStatus(image, step.status, context)
    return undefined
  }
  // A rebase takes less time than to store its progress: its Build is enough, which runs until it has a result.
  const decided = step.decision.kind === 'BUILD' ? await resources.writeStatus(image, step.status, context) : { ...image, status: step.status }
  const build = await resources.write(step.build, context)
  scope.made.set(resourceId(image), MAKINGS[step.decision.kind])
  // Most runs build nothing.
  const { runBuild } = await import('./run-build.ts')
  const failure = await runBuild({ build, kind: step.decision.kind }, scope, context)
  if (failure) recordFailure(scope, step.decision.kind === 'BUILD' ? 'build' : 'rebase', image, failure)
  const after = decide(decided, resolver, scope, { mayBuild: false })
  for (const old of after.surplus) await resources.remove(old, context)
  await resources.writeStatus(decided, after.status, context)
  return failure
}

function isNeeded(decision: Decision | undefined): decision is BuildNeeded {
  return decision !== undefined && 'priority' in decision
}
