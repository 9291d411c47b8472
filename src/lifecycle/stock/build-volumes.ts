/** The volumes of one build: temporary ones, and the two caches. */

import { rm } from 'node:fs/promises'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { makeDirectories } from '../../base/files.ts'
import { type Engine, type Mount, OWNER_LABEL } from '../../docker/engine.ts'
import { discardVolume } from '../discard-volume.ts'
import type { BuildPlan } from '../lifecycle.ts'
import { appDirOf, CACHE_DIR, LAUNCH_CACHE_DIR, LAYERS_DIR, type PhaseSpec, phasesOf } from '../phase.ts'
import { replacedDirectories } from '../replaced-buildpacks.ts'
import { UnfinishedVolumes } from '../unfinished-volumes.ts'

/**
 * Creates the volumes. Leaving the scope removes the temporary volumes, and also new caches unless `keepCaches` was called: a new
 * cache is empty until an export fills it, and an interrupted build must leave nothing behind.
 * @param owner the label by which a later run finds the remains of a killed run
 * @throws CnbError CNB_ENGINE_*, CNB_OUTPUT
 */
export async function openBuildVolumes(engine: Engine, plan: BuildPlan, owner: string, context: Context): Promise<BuildVolumes> {
  const volumes = new BuildVolumes(engine, plan, owner, context)
  try {
    await volumes.make(plan, owner, context)
    return volumes
  } catch (error) {
    await volumes[Symbol.asyncDispose]()
    throw error
  }
}

export class BuildVolumes implements AsyncDisposable {
  readonly #engine: Engine
  readonly #context: Context
  readonly #caches: BuildPlan['cacheVolumes']
  readonly #directory: string | undefined
  readonly #replaced: readonly string[]
  readonly #appDir: string
  readonly #suffix = Math.random().toString(36).slice(2, 12)
  readonly #temporary = new Set<string>()
  readonly #kept: UnfinishedVolumes

  constructor(engine: Engine, plan: BuildPlan, owner: string, context: Context) {
    this.#engine = engine
    this.#context = context
    this.#caches = plan.cacheVolumes
    this.#directory = plan.cacheDirectory
    this.#replaced = replacedDirectories(plan)
    this.#appDir = appDirOf(plan)
    this.#kept = new UnfinishedVolumes(engine, owner, context)
  }

  async make(plan: BuildPlan, owner: string, context: Context): Promise<void> {
    if (plan.clearCache) await this.#clear()
    if (this.#directory !== undefined) await makeCacheDirectory(this.#directory)
    const work = [this.#layers, this.#app, ...phasesOf(plan).flatMap((spec) => this.#buildpackMounts(spec)).map(({ source }) => source)].map(async (name) => {
      this.#temporary.add(name)
      await this.#engine.volumes.create(name, { [OWNER_LABEL]: owner }, context)
    })
    const results = await Promise.allSettled([...work, this.#kept.create(...this.#cacheNames)])
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async #clear(): Promise<void> {
    if (this.#directory === undefined) await this.#engine.volumes.remove(this.#caches.build)
    else await rm(this.#directory, { recursive: true, force: true })
  }

  get #layers(): string {
    return `cnb-layers-${this.#suffix}`
  }

  get #app(): string {
    return `cnb-app-${this.#suffix}`
  }

  /** Returns the mounts of a phase. */
  mountsOf(spec: PhaseSpec): Mount[] {
    const cache = (kind: 'build' | 'launch'): Mount => {
      const target = kind === 'build' ? CACHE_DIR : LAUNCH_CACHE_DIR
      if (kind === 'build' && this.#directory !== undefined) return { type: 'bind', source: this.#directory, target }
      return { type: 'volume', source: this.#caches[kind], target }
    }
    return [
      { type: 'volume', source: this.#layers, target: LAYERS_DIR },
      { type: 'volume', source: this.#app, target: this.#appDir },
      ...this.#buildpackMounts(spec),
      ...spec.caches.map(cache),
    ]
  }

  /** Each phase has separate volumes, because the next container is filled while this one still runs. */
  #buildpackMounts({ phase, runsBuildpacks }: PhaseSpec): Mount[] {
    if (!runsBuildpacks) return []
    return this.#replaced.map((target, index) => ({
      type: 'volume',
      source: `cnb-buildpack-${this.#suffix}-${phase}-${index}`,
      target,
      empty: true,
    }))
  }

  get #cacheNames(): string[] {
    const { build, launch } = this.#caches
    return this.#directory === undefined ? [build, launch] : [launch]
  }

  keepCaches(): Promise<void> {
    return this.#kept.keep(...this.#cacheNames)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const temporary = [...this.#temporary].map((name) => discardVolume(this.#engine, name, this.#context))
    await Promise.all([...temporary, this.#kept[Symbol.asyncDispose]()])
  }
}

async function makeCacheDirectory(directory: string): Promise<void> {
  await makeDirectories(directory).catch((error: unknown) => {
    throw new CnbError('CNB_OUTPUT', `cannot create the cache directory ${directory}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Use a directory that exists or that you can create.',
    })
  })
}
