/**
 * Brings resources up to date in turns.
 *
 * A turn holds the lock of the state until everything is done, or until another process waits for it and the running builds have ended.
 */

import type { Clock } from '../../../base/clock.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { nameOf, resourceId } from '../../../reconcile/state.ts'
import { BuildQueue } from '../../../reconcile/watch/build-queue.ts'
import { dependsOn } from '../../../reconcile/watch/polls.ts'
import { retryPause } from '../../../reconcile/watch/schedule.ts'
import type { AnyResource } from '../../../resources/kind.ts'
import { reconcileBases } from '../builders/reconcile-bases.ts'
import { buildersOf, reconcileBuilders } from '../builders/reconcile-builders.ts'
import { isSettled, PARALLEL_BUILDS, planImage, priorityOf, settle, type PlannedImage } from '../images/reconcile-images.ts'
import { resolverName } from '../images/resolve-source.ts'
import { settleInterrupted } from '../images/build-progress.ts'
import { isOutage } from '../images/run-build.ts'
import { holding } from '../joined-signal.ts'
import type { ReconcileScope } from '../scope.ts'
import { Bell, firstOf } from './bell.ts'
import type { Pending } from './pending.ts'
import type { StateView } from './state-view.ts'
import { buildContext, reportEnd, reportStart } from './watch-events.ts'

/** The functions of the watch that a worker calls. */
export interface WorkerHooks {
  /** Resources that other processes changed. */
  readonly onChanges: (changed: readonly AnyResource[]) => void
  /** Looks at resources again, in some milliseconds. */
  readonly lookAgain: (ids: ReadonlySet<string>, inMs: number) => void
}

export class Worker {
  readonly #view: StateView
  readonly #pending: Pending
  readonly #queue: BuildQueue<PlannedImage>
  readonly #clock: Clock
  readonly #hooks: WorkerHooks
  readonly #ended = new Bell()
  readonly #running = new Set<Promise<void>>()
  /** Images with a build that an outage stopped. */
  readonly #outages = new Map<string, { readonly failures: number; readonly until: number }>()
  #failures: unknown[] = []
  #isBusyWithBases = false
  #isInTurn = false

  constructor(view: StateView, pending: Pending, clock: Clock, hooks: WorkerHooks) {
    this.#view = view
    this.#pending = pending
    this.#clock = clock
    this.#hooks = hooks
    this.#queue = new BuildQueue(view.scope.options.maxParallel ?? PARALLEL_BUILDS)
  }

  get isInTurn(): boolean {
    return this.#isInTurn
  }

  /** Runs until the signal is aborted. @throws CnbError CNB_INTERRUPTED */
  async run(context: Context & { readonly signal: AbortSignal }): Promise<never> {
    let problem: string | undefined
    for (let failures = 0; ; ) {
      while (this.#pending.isEmpty) await this.#pending.bell.wait(context.signal)
      try {
        await this.#turn(context)
        failures = 0
        problem = undefined
      } catch (error) {
        context.signal.throwIfAborted()
        if (!(error instanceof CnbError)) throw error
        // A full disk, or a process that took the lock over: the next looks find the rest again.
        if (error.message !== problem) context.events?.({ type: 'warning', message: error.message })
        problem = error.message
        await this.#clock.sleep(Math.min(retryPause(++failures, 1000), LONGEST_TURN_RETRY), context.signal)
      }
    }
  }

  async #turn(context: Context & { readonly signal: AbortSignal }): Promise<void> {
    const { store } = this.#view
    await using lock = await store.lock(context)
    const within = holding(lock, context)
    this.#isInTurn = true
    this.#failures = []
    try {
      this.#hooks.onChanges(await this.#view.refresh(within))
      const { scope } = this.#view
      for (const build of scope.resources.list('Build')) await settleInterrupted(build, scope, within)
      for (;;) {
        within.signal.throwIfAborted()
        const mayStart = this.#failures.length === 0 && !(await lock.isWanted())
        if (mayStart) await this.#startAll(within)
        if (mayStart && this.#canStart()) continue
        if (this.#running.size === 0) break
        await this.#somethingNew(within.signal)
      }
      // Only this process changed anything since the refresh.
      this.#hooks.onChanges(await this.#view.refresh(within))
    } finally {
      await Promise.all(this.#running)
      for (const [id, { resolver }] of this.#queue.clear()) this.#pending.addImage(id, resolver)
      this.#isInTurn = false
    }
    if (this.#failures.length > 0) throw this.#failures[0]
  }

  /** Whether a look found something while others were started. */
  #canStart(): boolean {
    const { images, bases } = this.#pending
    return (bases.size > 0 && !this.#isBusyWithBases) || [...images.keys()].some((id) => !this.#queue.isRunning(id))
  }

  /** Waits until something ends, or a look finds something. */
  async #somethingNew(signal: AbortSignal): Promise<void> {
    await firstOf([this.#ended, this.#pending.bell].map((bell) => (both: AbortSignal) => bell.wait(both)), signal)
  }

  async #startAll(context: Context & { readonly signal: AbortSignal }): Promise<void> {
    if (this.#pending.bases.size > 0 && !this.#isBusyWithBases) {
      const ids = new Set(this.#pending.bases)
      this.#pending.bases.clear()
      this.#isBusyWithBases = true
      this.#track(this.#updateBases(ids, context).finally(() => (this.#isBusyWithBases = false)))
    }
    for (const [id, resolver] of [...this.#pending.images]) {
      if (this.#queue.isRunning(id)) continue
      this.#pending.images.delete(id)
      await this.#decide(id, resolver, context)
    }
    for (let next = this.#queue.start(); next; next = this.#queue.start()) {
      const { key, value } = next
      this.#track(this.#build(key, value, context).finally(() => this.#queue.end(key)))
    }
  }

  #track(work: Promise<void>): void {
    const running: Promise<void> = work
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => {
        this.#running.delete(running)
        this.#ended.ring()
      })
    this.#running.add(running)
  }

  /** Stores the status that an Image needs, or adds its build to the queue. */
  async #decide(id: string, found: PlannedImage['resolver'] | undefined, context: Context): Promise<void> {
    const { scope } = this.#view
    const { resources } = scope
    const image = resources.find('Image', nameOf(id))
    if (!image || this.#isWaiting(id)) return
    const resolver = found ?? resources.find('SourceResolver', { name: resolverName(image), namespace: image.metadata.namespace })
    // The Image changed after the look, or has none yet.
    if (!resolver || JSON.stringify(resolver.spec.source) !== JSON.stringify(image.spec.source)) return this.#hooks.lookAgain(new Set([id]), 0)
    const planned = await planImage(image, resolver, scope, context)
    if (isSettled(planned, scope)) return
    if (planned.step.build) this.#queue.add(id, priorityOf(planned.step), planned)
    else await settle(planned, scope, context)
  }

  /** Whether an outage stopped the last build a short time ago. */
  #isWaiting(id: string): boolean {
    return (this.#outages.get(id)?.until ?? 0) > this.#clock.now()
  }

  async #build(id: string, planned: PlannedImage, context: Context): Promise<void> {
    const { scope } = this.#view
    const current: ReconcileScope = { ...scope, sources: scope.newSources() }
    reportStart(planned, context)
    const failure = await settle(planned, current, buildContext(context))
    reportEnd(planned, scope.resources, failure, context)
    if (!failure || !isOutage(failure)) {
      this.#outages.delete(id)
      return
    }
    this.#delay(id)
    // The other builds would fail in the same way.
    if (failure.code !== 'CNB_REGISTRY_UNREACHABLE') for (const other of this.#queue.clear().keys()) this.#delay(other)
  }

  #delay(id: string): void {
    const failures = (this.#outages.get(id)?.failures ?? 0) + 1
    const pause = retryPause(failures, RETRY)
    this.#outages.set(id, { failures, until: this.#clock.now() + pause })
    this.#hooks.lookAgain(new Set([id]), pause)
  }

  /** Publishes builders, and decides about their Images. */
  async #updateBases(ids: ReadonlySet<string>, context: Context): Promise<void> {
    const { scope } = this.#view
    const before = new Map(buildersOf(scope.resources).map((builder) => [resourceId(builder), builder.status]))
    await reconcileBases(scope, context, (base) => ids.has(resourceId(base)))
    await reconcileBuilders(scope, context, (builder) => ids.has(resourceId(builder)) || dependsOn(builder, ids))
    const changed = new Set(buildersOf(scope.resources).filter((builder) => before.get(resourceId(builder)) !== builder.status).map((builder) => resourceId(builder)))
    for (const image of scope.resources.list('Image')) {
      const { kind, name = '' } = image.spec.builder
      const namespace = kind === 'ClusterBuilder' ? undefined : image.metadata.namespace
      if (changed.has(resourceId({ kind: kind ?? '', metadata: { name, namespace } }))) this.#pending.addImage(resourceId(image), undefined)
    }
  }
}

/** The longest pause after a turn that failed: nothing reports that a disk has space again. */
const LONGEST_TURN_RETRY = 60_000
/** The first pause after an outage, in milliseconds. */
const RETRY = 15_000
