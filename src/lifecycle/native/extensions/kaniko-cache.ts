/**
 * The volume in which the extender caches the results of Dockerfile commands for rebuilds.
 *
 * Each combination of app, builder, buildpacks and run image has a separate volume, because their code runs as root and can write
 * anything into it. It is a volume even if the user specifies a directory for the cache: processes that run as root get no
 * directories of the host.
 */

import type { Context } from '../../../base/events.ts'
import type { Engine, Mount } from '../../../docker/engine.ts'
import { digestOf, hexOf } from '../../../oci/digest.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { UnfinishedVolumes } from '../../unfinished-volumes.ts'
import { codeSources, repositoryOf } from '../cache/code-sources.ts'
import { KANIKO_DIR } from './base-layout.ts'

type KanikoPlan = Pick<BuildPlan, 'builder' | 'buildpacks' | 'runImage' | 'cacheVolumes' | 'clearCache'>

/** Accesses the engine only after `open`. Disposal removes a new volume unless `keep` was called. */
export class KanikoCache implements AsyncDisposable {
  readonly #engine: Engine
  readonly #plan: KanikoPlan
  readonly #volumes: UnfinishedVolumes
  #mount: Promise<Mount> | undefined

  /** @param owner the value of the owner label, by which a later run finds the leftovers of a killed run */
  constructor(engine: Engine, plan: KanikoPlan, owner: string, context: Context) {
    this.#engine = engine
    this.#plan = plan
    this.#volumes = new UnfinishedVolumes(engine, owner, context)
  }

  /**
   * Creates the volume if it is missing, and returns its mount for the extender's containers. The volume contains only layers; the
   * other files of the extender's cache directory belong to one build and are removed with its container.
   */
  open(): Promise<Mount> {
    return (this.#mount ??= this.#open())
  }

  async #open(): Promise<Mount> {
    if (this.#plan.clearCache) await this.#engine.volumes.remove(this.#name)
    await this.#volumes.create(this.#name)
    return { type: 'volume', source: this.#name, target: `${KANIKO_DIR}/cache/layers` }
  }

  get #name(): string {
    const { builder, buildpacks, runImage, cacheVolumes } = this.#plan
    const places = codeSources({ builder, buildpacks }).map(({ place }) => place)
    return `${cacheVolumes.kaniko}-${hexOf(digestOf([...places, repositoryOf(runImage.name)].join(' '))).slice(0, 12)}`
  }

  /** Makes a new volume permanent. */
  async keep(): Promise<void> {
    await this.#volumes.keep(this.#name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#volumes[Symbol.asyncDispose]()
  }
}
