/** Removes new cache volumes after a failed build. */

import { randomBytes } from 'node:crypto'
import type { Context } from '../base/events.ts'
import { type Engine, OWNER_LABEL, UNFINISHED_LABEL } from '../docker/engine.ts'
import { CACHE_LABELS } from './cache-volumes.ts'
import { discardVolume } from './discard-volume.ts'

/** A volume with other labels than CACHE_LABELS. */
export interface NewVolume {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Leaving the scope of `await using` removes new volumes for which `keep` was not called. */
export class UnfinishedVolumes implements AsyncDisposable {
  readonly #engine: Engine
  readonly #owner: string
  readonly #context: Context
  readonly #marker = `cnb-unfinished-${randomBytes(8).toString('hex')}`
  readonly #new = new Set<string>()

  /** @param owner the label by which a later run finds the remains of a killed run */
  constructor(engine: Engine, owner: string, context: Context) {
    this.#engine = engine
    this.#owner = owner
    this.#context = context
  }

  /** Creates the missing volumes; call it once. @throws CnbError CNB_ENGINE_* */
  async create(...wanted: (string | NewVolume)[]): Promise<void> {
    const { volumes } = this.#engine
    const all = wanted.map((volume) => (typeof volume === 'string' ? { name: volume, labels: CACHE_LABELS } : volume))
    const found = await Promise.all(all.map(({ name }) => volumes.exists(name, this.#context)))
    const missing = all.filter((_, index) => !found[index])
    if (missing.length === 0) return
    for (const { name } of missing) this.#new.add(name)
    // The marker comes first, so a kill at any later moment leaves no volume for good.
    await volumes.create(this.#marker, { [OWNER_LABEL]: this.#owner, [UNFINISHED_LABEL]: missing.map(({ name }) => name).join(' ') }, this.#context)
    await Promise.all(missing.map(({ name, labels }) => volumes.create(name, labels, this.#context)))
  }

  /** Whether leaving the scope removes the volume, which `create` created. */
  isNew(name: string): boolean {
    return this.#new.has(name)
  }

  /** Whether leaving the scope removes a volume. */
  get hasNew(): boolean {
    return this.#new.size > 0
  }

  /** Keeps the volumes after the scope ends. */
  async keep(...names: string[]): Promise<void> {
    if (this.#new.size === 0) return
    for (const name of names) this.#new.delete(name)
    if (this.#new.size === 0) await discardVolume(this.#engine, this.#marker, this.#context)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#new.size === 0) return
    await Promise.all([...this.#new].map((name) => discardVolume(this.#engine, name, this.#context)))
    await discardVolume(this.#engine, this.#marker, this.#context)
  }
}
