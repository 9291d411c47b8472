/**
 * What a build finds of those before it. There are three places: the `layers` volume, of which the record in the `state` volume
 * tells; a directory of the host or an image, where the user names one, which then decides; and, where there is no record yet, what the stock
 * lifecycle left in its own volume, which is used once.
 */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Engine } from '../../../docker/engine.ts'
import { CACHE_LABELS } from '../../cache-volumes.ts'
import { discardVolume } from '../../discard-volume.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import type { CacheRecord, KeptLayers } from '../model.ts'
import { cacheMetadata, writeCacheMetadata } from './cache-metadata.ts'
import { readPeerCache } from './peer-cache.ts'
import type { SharedCache } from './shared-cache.ts'
import { openVault, type Vault } from './vault.ts'

/**
 * Leaving the scope of `await using` removes what it made on the engine to look into it, and a `layers` volume that is new and of
 * which no record tells: after a first build that failed there is nothing to find.
 */
export interface BuildCache extends AsyncDisposable {
  /** What there is; nothing after `--clear-cache`, whose work this begins with. */
  read(context: Context): Promise<KeptLayers>
  /** What the next build may rely on in the `layers` volume. The image is whole without: a record that cannot be written is warned of. */
  writeRecord(record: CacheRecord, context: Context): Promise<void>
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
  const vault = openVault(engine, plan, owner, context)
  try {
    const isNew = await engine.volumes.create(plan.cacheVolumes.layers, CACHE_LABELS, context)
    return new VolumesCache(engine, plan, shared, vault, isNew, context)
  } catch (error) {
    await vault[Symbol.asyncDispose]()
    throw error
  }
}

class VolumesCache implements BuildCache {
  readonly #engine: Engine
  readonly #plan: BuildPlan
  readonly #shared: Pick<SharedCache, 'tars'> | undefined
  readonly #vault: Vault
  readonly #context: Context
  #isEmpty: boolean

  constructor(
    engine: Engine,
    plan: BuildPlan,
    shared: Pick<SharedCache, 'tars'> | undefined,
    vault: Vault,
    isEmpty: boolean,
    context: Context,
  ) {
    this.#engine = engine
    this.#plan = plan
    this.#shared = shared
    this.#vault = vault
    this.#isEmpty = isEmpty
    this.#context = context
  }

  async read(context: Context): Promise<KeptLayers> {
    const { builder, cacheVolumes, clearCache } = this.#plan
    const tars = this.#shared?.tars
    if (clearCache) {
      // As the stock driver does: a cache that made trouble shall not come back by way of the other driver.
      if (!tars) await this.#engine.volumes.remove(cacheVolumes.build)
      return {}
    }
    const record = await this.#vault.readRecord(context)
    if (!tars) return record ? { record } : ((await this.#vault.peerCache(context)) ?? {})
    // Checking all that is there costs as much as a build; when the volume holds the very same, that is not needed.
    if (record && (await tars.metadata(context))?.trimEnd() === writeCacheMetadata(cacheMetadata(record)).trimEnd()) return { record }
    return (await readPeerCache(tars, builder, context)) ?? {}
  }

  async writeRecord(record: CacheRecord, context: Context): Promise<void> {
    this.#isEmpty = false
    try {
      await this.#vault.writeRecord(verifiable(record), context)
    } catch (error) {
      context.signal?.throwIfAborted()
      if (!(error instanceof CnbError)) throw error
      context.events?.({ type: 'warning', message: `the image is built, but the next build starts without its layers: ${error.message}` })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vault[Symbol.asyncDispose]()
    if (this.#isEmpty) await discardVolume(this.#engine, this.#plan.cacheVolumes.layers, this.#context)
  }
}

/** What cannot be told from something else in its place is not found again. */
function verifiable(record: CacheRecord): CacheRecord {
  const buildpacks = record.buildpacks.map((buildpack) => ({
    ...buildpack,
    layers: Object.fromEntries(Object.entries(buildpack.layers).filter(([, { fingerprint }]) => fingerprint !== '')),
  }))
  return { ...record, buildpacks }
}
