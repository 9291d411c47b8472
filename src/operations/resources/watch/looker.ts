/** Polls remotes when they are due, without the lock of the state. */

import type { Clock } from '../../../base/clock.ts'
import { toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { Limiter } from '../../../base/limiter.ts'
import { nameOf } from '../../../reconcile/state.ts'
import { pollsOf, type Intervals, type Poll } from '../../../reconcile/watch/polls.ts'
import type { Notice } from '../../../reconcile/watch/notice.ts'
import { pollsToHurry } from '../../../reconcile/watch/notice.ts'
import { Schedule } from '../../../reconcile/watch/schedule.ts'
import type { ReconcileScope } from '../scope.ts'
import { polledBases } from './polled-bases.ts'
import { Bell, firstOf } from './bell.ts'
import { lookAtBases, lookAtSource } from './look.ts'
import type { Pending } from './pending.ts'
import { shownRemote } from './shown-remote.ts'
import type { StateView } from './state-view.ts'

/** Polls that run at once; hurried ones do not wait for others. */
const AT_ONCE = 8
/** Milliseconds in which polls are done together: then they share their requests. */
const TOGETHER = 500
const LONGEST_PAUSE = 60_000

export class Looker {
  readonly #view: StateView
  readonly #pending: Pending
  readonly #intervals: Intervals
  readonly #clock: Clock
  readonly #schedule: Schedule
  readonly #bell = new Bell()
  readonly #limit = new Limiter(AT_ONCE)
  readonly #problems = new Map<string, string>()
  readonly #hurried = new Set<string>()
  readonly #looks = new Set<Promise<void>>()
  #polls = new Map<string, Poll>()

  constructor(view: StateView, pending: Pending, intervals: Intervals, clock: Clock, random: () => number) {
    this.#view = view
    this.#pending = pending
    this.#intervals = intervals
    this.#clock = clock
    this.#schedule = new Schedule(random)
  }

  /** Polls the remotes of the present state from now on. */
  update(): void {
    const { resources } = this.#view
    this.#polls = pollsOf(resources.list('Image'), polledBases(resources), this.#intervals)
    this.#schedule.replace(new Map([...this.#polls].map(([key, { interval }]) => [key, interval])), this.#clock.now())
    this.#bell.ring()
  }

  /** Polls the remotes of resources now, or in some milliseconds. */
  hurryResources(ids: ReadonlySet<string>, inMs = 0): void {
    this.#hurry([...this.#polls.values()].filter(({ resources }) => resources.some((id) => ids.has(id))).map(({ key }) => key), inMs)
  }

  /** Polls the remotes that a notice concerns now. */
  hurryNotice(notice: Notice): void {
    const keys = pollsToHurry(notice, this.#polls.values())
    for (const key of keys) this.#hurried.add(key)
    this.#hurry(keys, 0)
  }

  #hurry(keys: readonly string[], inMs: number): void {
    for (const key of keys) this.#schedule.hurry(key, this.#clock.now() + inMs)
    this.#bell.ring()
  }

  get isIdle(): boolean {
    return this.#looks.size === 0
  }

  /** Runs until the signal is aborted. @throws CnbError CNB_INTERRUPTED */
  async run(context: Context & { readonly signal: AbortSignal }): Promise<never> {
    try {
      for (;;) {
        this.#start(this.#schedule.take(this.#clock.now() + TOGETHER), context)
        const pause = Math.min(LONGEST_PAUSE, this.#schedule.next() - TOGETHER - this.#clock.now())
        await firstOf([(signal) => this.#bell.wait(signal), (signal) => this.#clock.sleep(Math.max(TOGETHER, pause), signal)], context.signal)
      }
    } finally {
      await Promise.allSettled(this.#looks)
    }
  }

  #start(keys: readonly string[], context: Context): void {
    const due = keys.flatMap((key) => this.#polls.get(key) ?? [])
    if (due.length === 0) return
    const { scope } = this.#view
    const shared: ReconcileScope = { ...scope, sources: scope.newSources() }
    const bases = due.filter(({ kind }) => kind === 'base')
    if (bases.length > 0) this.#track(bases, () => this.#lookAtBases(bases, shared, context), context)
    for (const poll of due) if (poll.kind !== 'base') this.#track([poll], () => this.#lookAtSource(poll, shared, context), context)
  }

  #track(polls: readonly Poll[], look: () => Promise<void>, context: Context): void {
    const isHurried = polls.filter(({ key }) => this.#hurried.delete(key)).length > 0
    const guarded = async (): Promise<void> => {
      try {
        await look()
      } catch (error) {
        // What cannot be decided must not end the watch.
        if (!context.signal?.aborted) for (const poll of polls) this.#done(poll, toCnbError(error).message, context)
      }
    }
    const running = (isHurried ? guarded() : this.#limit.run(guarded)).finally(() => this.#looks.delete(running))
    this.#looks.add(running)
  }

  async #lookAtSource(poll: Poll, scope: ReconcileScope, context: Context): Promise<void> {
    const images = poll.resources.flatMap((id) => scope.resources.find('Image', nameOf(id)) ?? [])
    const { changed, problem } = await lookAtSource(images, scope, quiet(context))
    for (const [id, resolver] of changed) this.#pending.addImage(id, resolver)
    this.#done(poll, problem, context)
  }

  async #lookAtBases(polls: readonly Poll[], scope: ReconcileScope, context: Context): Promise<void> {
    const { changed, problems } = await lookAtBases(new Set(polls.map(({ key }) => key)), scope, quiet(context))
    if (changed.size > 0) this.#pending.addBases(changed)
    for (const poll of polls) this.#done(poll, problems.get(poll.key), context)
  }

  /** Reports the first failure in succession, and its end. */
  #done(poll: Poll, problem: string | undefined, { events }: Context): void {
    const { key } = poll
    const before = this.#problems.get(key)
    this.#schedule.done(key, this.#clock.now(), problem !== undefined)
    this.#bell.ring()
    if (problem === undefined) this.#problems.delete(key)
    else this.#problems.set(key, problem)
    if (problem === before) return
    if (problem === undefined) events?.({ type: 'info', message: `${shownRemote(poll)} can be read again` })
    else events?.({ type: 'warning', message: `${shownRemote(poll)}: ${problem}` })
  }
}

/** Decisions and warnings of every poll would fill the output. */
function quiet({ signal, events }: Context): Context {
  return { signal, events: (event) => (event.type === 'span' || event.type === 'debug' ? events?.(event) : undefined) }
}
