/** The state in the memory of a watch, and the scope to reconcile it. */

import type { Clock } from '../../../base/clock.ts'
import { toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { Limiter } from '../../../base/limiter.ts'
import type { AnyResource } from '../../../resources/kind.ts'
import type { Store } from '../../../state/store.ts'
import { openScope, type OpenScope, type ScopeOptions, type ScopeServices } from '../open-scope.ts'
import { Resources } from '../resources.ts'

/** Milliseconds after which credentials of the user and settings are read again, and the cache of downloads is reduced. */
const SCOPE_AGE = 3_600_000
const CREDENTIALS: ReadonlySet<string> = new Set(['Secret', 'ServiceAccount'])

export class StateView implements AsyncDisposable {
  readonly resources: Resources
  readonly store: Store
  #scope: OpenScope
  #opened: number
  readonly #open: () => Promise<OpenScope>
  readonly #clock: Clock
  readonly #old: OpenScope[] = []
  /** Refreshes come one after the other. */
  readonly #turns = new Limiter(1)
  #seen: string | undefined
  #problem: string | undefined

  private constructor(store: Store, resources: Resources, scope: OpenScope, open: () => Promise<OpenScope>, clock: Clock) {
    this.store = store
    this.resources = resources
    this.#scope = scope
    this.#open = open
    this.#clock = clock
    this.#opened = clock.now()
  }

  static async open(options: ScopeOptions, store: Store, services: ScopeServices, clock: Clock, context: Context): Promise<StateView> {
    const resources = await Resources.read(store, context)
    const open = (): Promise<OpenScope> => openScope(options, store, resources, services, context)
    return new StateView(store, resources, await open(), open, clock)
  }

  get scope(): OpenScope {
    return this.#scope
  }

  /** Reads what other processes changed. Returns it; nothing if the state cannot be read, which is a warning. */
  refresh(context: Context): Promise<AnyResource[]> {
    return this.#turns.run(async () => {
      try {
        const seen = await this.store.changes(context)
        if (seen === this.#seen) return []
        const changed = await this.resources.refresh(this.store, context)
        this.#seen = seen
        this.#problem = undefined
        if (changed.some(({ kind }) => CREDENTIALS.has(kind))) await this.#reopen()
        return changed
      } catch (error) {
        context.signal?.throwIfAborted()
        const { message } = toCnbError(error)
        if (message !== this.#problem) context.events?.({ type: 'warning', message })
        this.#problem = message
        return []
      }
    })
  }

  /** Renews an old scope. Only call it while nothing uses the scope. */
  async renew(): Promise<void> {
    if (this.#clock.now() - this.#opened < SCOPE_AGE) return
    await this.#reopen()
    await this.#closeOld()
  }

  /** Who uses the former scope still can. */
  async #reopen(): Promise<void> {
    this.#old.push(this.#scope)
    this.#scope = await this.#open()
    this.#opened = this.#clock.now()
  }

  async #closeOld(): Promise<void> {
    for (const scope of this.#old.splice(0)) await scope[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeOld()
    await this.#scope[Symbol.asyncDispose]()
  }
}
