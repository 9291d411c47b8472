/**
 * What a build finds of those before it. There are three places: the `layers` volume, of which the record in the `state` volume
 * tells; a directory of the host, an image or a volume, where the user names one, which then decides. What `pack` or the stock
 * lifecycle left in the volume that has their name for the app is not used: nothing tells whose code made it.
 */

import { CnbError } from '../../../base/errors.ts'
import { decide, type Context } from '../../../base/events.ts'
import type { Engine } from '../../../docker/engine.ts'
import { cachePlace } from '../../cache-volumes.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { UnfinishedVolumes } from '../../unfinished-volumes.ts'
import type { CacheRecord, CodeSource, KeptLayers } from '../model.ts'
import { cacheMetadata, readCacheMetadata, writeCacheMetadata } from './cache-metadata.ts'
import { codeSources, externalSources } from './code-sources.ts'
import { readPeerCache } from './peer-cache.ts'
import type { SharedCache } from './shared-cache.ts'
import { openStateVolume, type StateVolume } from './state-volume.ts'

/**
 * Leaving the scope of `await using` removes what it made on the engine to look into it, and volumes that are new and of
 * which no record tells: after a first build that failed there is nothing to find.
 */
export interface BuildCache extends AsyncDisposable {
  /** What there is; nothing after `--clear-cache`, whose work this begins with, nor of what foreign code could have written. */
  read(context: Context): Promise<KeptLayers>
  /**
   * What the next build may rely on. The image is whole without: a record that cannot be written is warned of.
   * @param kept whether the build had the `layers` volume, of which the record tells
   */
  writeRecord(record: CacheRecord, kept: boolean, context: Context): Promise<void>
}

/**
 * @param shared the cache that the user names
 * @param owner the label by which a later run finds what a killed one left
 */
export async function openBuildCache(
  engine: Engine,
  plan: BuildPlan,
  shared: Pick<SharedCache, 'tars'> | undefined,
  owner: string,
  context: Context,
): Promise<BuildCache> {
  const { layers, state } = plan.cacheVolumes
  const volumes = new UnfinishedVolumes(engine, owner, context)
  try {
    await volumes.create(layers, state)
    return new VolumesCache(engine, plan, shared, openStateVolume(engine, plan, owner, context), volumes, context)
  } catch (error) {
    await volumes[Symbol.asyncDispose]()
    throw error
  }
}

class VolumesCache implements BuildCache {
  readonly #engine: Engine
  readonly #plan: BuildPlan
  readonly #shared: Pick<SharedCache, 'tars'> | undefined
  readonly #vault: StateVolume
  readonly #volumes: UnfinishedVolumes
  readonly #sources: readonly CodeSource[]
  readonly #context: Context

  constructor(
    engine: Engine,
    plan: BuildPlan,
    shared: Pick<SharedCache, 'tars'> | undefined,
    vault: StateVolume,
    volumes: UnfinishedVolumes,
    context: Context,
  ) {
    this.#engine = engine
    this.#plan = plan
    this.#shared = shared
    this.#vault = vault
    this.#volumes = volumes
    this.#sources = codeSources(plan)
    this.#context = context
  }

  async read(context: Context): Promise<KeptLayers> {
    const tars = this.#shared?.tars
    if (this.#plan.clearCache) {
      // As the stock driver does: a cache that made trouble shall not come back by way of the other driver.
      if (!tars) await this.#engine.volumes.remove(this.#plan.cacheVolumes.build)
      this.#decide('not used', '--clear-cache discards what earlier builds kept', context)
      return {}
    }
    const found = await this.#vault.readRecord(context)
    const text = await tars?.metadata(context)
    const strangers = [found?.sources, text === undefined ? undefined : readCacheMetadata(text)?.sources].map((sources) => externalSources(sources ?? [], this.#sources))
    const [ofRecord = [], ofShared = []] = strangers
    tellOf(strangers.flat(), context)
    if (strangers.flat().length > 0) this.#decide('not used', `code that this build does not use could have written to it: ${namesOf(strangers.flat())}`, context)
    const external = ofRecord.length > 0 ? { external: true } : {}
    const record = ofRecord.length > 0 ? undefined : found
    if (strangers.flat().length === 0) this.#decideUse(text !== undefined || record !== undefined, context)
    if (!tars) return { ...external, ...(record ? { record } : await this.#ofPeer(context)) }
    if (ofShared.length > 0) return external
    // Checking all that is there costs as much as a build; when the volume holds the very same, that is not needed.
    if (record && text?.trimEnd() === writeCacheMetadata(cacheMetadata(record)).trimEnd()) return { record }
    return { ...external, ...(await readPeerCache(tars, this.#plan.builder, context)) }
  }

  async #ofPeer(context: Context): Promise<KeptLayers> {
    const { build, chosen } = this.#plan.cacheVolumes
    if (!(await this.#engine.volumes.exists(build, context))) return {}
    if (chosen) return (await this.#vault.peerCache(context)) ?? {}
    const message = `this build starts without the layers in volume '${build}': it is not known which builder made them; --cache 'type=build;format=volume;name=${build}' uses them`
    context.events?.({ type: 'info', message })
    decide(context, { kind: 'cache', name: build }, 'not used', 'it is not known which builder made its layers')
    return {}
  }

  #decideUse(hasContents: boolean, context: Context): void {
    if (hasContents) this.#decide('used', 'only code that this build uses too has written to it', context)
    else this.#decide('empty', 'no earlier build of this image left layers in it', context)
  }

  #decide(outcome: string, reason: string, context: Context): void {
    decide(context, { kind: 'cache', name: cachePlace(this.#plan) }, outcome, reason)
  }

  async writeRecord(record: CacheRecord, kept: boolean, context: Context): Promise<void> {
    const { layers, state } = this.#plan.cacheVolumes
    try {
      if (kept) {
        await this.#vault.writeRecord(verifiable(record), context)
        await this.#volumes.keep(layers, state)
      } else if (await this.#isOfFewer(context)) {
        // The image that the next build takes layers over from is this build's.
        await this.#vault.writeRecord({ ...record, buildpacks: [], sbom: {} }, context)
        await this.#volumes.keep(state)
      }
    } catch (error) {
      context.signal?.throwIfAborted()
      if (!(error instanceof CnbError)) throw error
      context.events?.({ type: 'warning', message: `the image is built, but the next build starts without its layers: ${error.message}` })
    }
  }

  /** Whether a build beside this one had the volumes that this one made, and has finished them. */
  async #isOfAnother(): Promise<boolean> {
    const record = await this.#vault.readRecord(this.#context).catch(() => undefined)
    return record !== undefined && record.buildpacks.length > 0
  }

  /** Whether the record, which another build may have written meanwhile, does not tell of all sources of this build's code. */
  async #isOfFewer(context: Context): Promise<boolean> {
    const record = await this.#vault.readRecord(context)
    return externalSources(this.#sources, record?.sources ?? []).length > 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#volumes.hasNew && (await this.#isOfAnother())) await this.#volumes.keep(this.#plan.cacheVolumes.layers, this.#plan.cacheVolumes.state)
    await this.#vault[Symbol.asyncDispose]()
    await this.#volumes[Symbol.asyncDispose]()
  }
}

function tellOf(strangers: readonly CodeSource[], { events }: Context): void {
  if (strangers.length === 0) return
  const message = `this build starts without the layers of earlier builds: it does not use ${namesOf(strangers)}, which could write them`
  events?.({ type: 'warning', message })
}

function namesOf(sources: readonly CodeSource[]): string {
  return [...new Set(sources.map(({ name }) => name))].join(' and ')
}

/** What cannot be told from something else in its place is not found again. */
function verifiable(record: CacheRecord): CacheRecord {
  const buildpacks = record.buildpacks.map((buildpack) => ({
    ...buildpack,
    layers: Object.fromEntries(Object.entries(buildpack.layers).filter(([, { fingerprint }]) => fingerprint !== '')),
  }))
  return { ...record, buildpacks }
}
