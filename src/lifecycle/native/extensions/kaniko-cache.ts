/**
 * The volume in which the extender keeps what Dockerfiles' commands made, so that a rebuild does not run them again: one for each
 * app and each choice of builder, buildpacks and run image, whose code could write anything into it as root. It stays a volume where the user chose a directory for the cache: nothing that runs as root gets
 * a directory of the host.
 */

import type { Context } from '../../../base/events.ts'
import type { Engine, Mount } from '../../../docker/engine.ts'
import { digestOf, hexOf } from '../../../oci/digest.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { UnfinishedVolumes } from '../../unfinished-volumes.ts'
import { codeSources, repositoryOf } from '../cache/code-sources.ts'
import { KANIKO_DIR } from './base-layout.ts'

type KanikoPlan = Pick<BuildPlan, 'builder' | 'buildpacks' | 'runImage' | 'cacheVolumes' | 'clearCache'>

/** Costs nothing before `open`. Leaving the scope of `await using` removes a volume that is new, unless `keep` was called. */
export class KanikoCache implements AsyncDisposable {
  readonly #engine: Engine
  readonly #plan: KanikoPlan
  readonly #volumes: UnfinishedVolumes
  #mount: Promise<Mount> | undefined

  /** @param owner the label by which a later run finds what a killed one left */
  constructor(engine: Engine, plan: KanikoPlan, owner: string, context: Context) {
    this.#engine = engine
    this.#plan = plan
    this.#volumes = new UnfinishedVolumes(engine, owner, context)
  }

  /** The mount for the extender's containers. Only for the layers: the rest of its directory is one build's, and goes with it. */
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

  async keep(): Promise<void> {
    await this.#volumes.keep(this.#name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#volumes[Symbol.asyncDispose]()
  }
}
