/**
 * The volume in which the extender keeps what Dockerfiles' commands made, so that a rebuild does not run them again: one for each
 * app, next to its other caches. It stays a volume where the user chose a directory for the cache: nothing that runs as root gets
 * a directory of the host.
 */

import type { Context } from '../../../base/events.ts'
import type { Engine, Mount } from '../../../docker/engine.ts'
import { CACHE_LABELS } from '../../cache-volumes.ts'
import { discardVolume } from '../../discard-volume.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { KANIKO_DIR } from './base-layout.ts'

/** Costs nothing before `open`. Leaving the scope of `await using` removes a volume that is new, unless `keep` was called. */
export class KanikoCache implements AsyncDisposable {
  readonly #engine: Engine
  readonly #plan: Pick<BuildPlan, 'cacheVolumes' | 'clearCache'>
  readonly #context: Context
  #isNew = false
  #mount: Promise<Mount> | undefined

  constructor(engine: Engine, plan: Pick<BuildPlan, 'cacheVolumes' | 'clearCache'>, context: Context) {
    this.#engine = engine
    this.#plan = plan
    this.#context = context
  }

  /** The mount for the extender's containers. Only for the layers: the rest of its directory is one build's, and goes with it. */
  open(): Promise<Mount> {
    return (this.#mount ??= this.#open())
  }

  async #open(): Promise<Mount> {
    const { cacheVolumes, clearCache } = this.#plan
    if (clearCache) await this.#engine.volumes.remove(cacheVolumes.kaniko)
    this.#isNew = await this.#engine.volumes.create(cacheVolumes.kaniko, CACHE_LABELS, this.#context)
    return { type: 'volume', source: cacheVolumes.kaniko, target: `${KANIKO_DIR}/cache/layers` }
  }

  keep(): void {
    this.#isNew = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isNew) await discardVolume(this.#engine, this.#plan.cacheVolumes.kaniko, this.#context)
  }
}
