/**
 * The layers of earlier builds.
 *
 * They are in the `layers` volume, which a record describes (state-volume.ts), or in a cache (directory, image or volume) that
 * the user specifies and that takes precedence. The volume with pack's default name for the app's cache is not used, because it does
 * not record which code made its layers.
 */

import { CnbError } from '../../../base/errors.ts'
import { decide, type Context } from '../../../base/events.ts'
import type { Engine } from '../../../docker/engine.ts'
import { type AppTree, decodeTree } from '../app/app-tree.ts'
import type { AppVolume } from '../app/app-volume.ts'
import { cachePlace } from '../../cache-volumes.ts'
import type { BuildStart } from '../../lifecycle.ts'
import { type NewVolume, UnfinishedVolumes } from '../../unfinished-volumes.ts'
import type { CacheRecord, CodeSource, KeptLayers, KnownApp } from '../model.ts'
import { cacheMetadata, readCacheMetadata, writeCacheMetadata } from './cache-metadata.ts'
import { externalSources } from './code-sources.ts'
import { readPackCache } from './pack-cache.ts'
import type { SharedCache } from './shared-cache.ts'
import { openStateVolume, type StateVolume } from './state-volume.ts'

/**
 * Disposal removes the containers that read the volumes, and new volumes without a record: a first build that fails leaves no
 * volumes.
 */
export interface BuildCache extends AsyncDisposable {
  /** The volume for the app's files; undefined if the build uses none. */
  readonly app: AppVolume | undefined
  /**
   * Returns the layers that the build can reuse. Excludes layers that external code could have written. With `--clear-cache` it
   * discards the cache and returns nothing.
   * @param sources all code that runs in this build
   * @param shared the cache that the user specifies
   */
  read(sources: readonly CodeSource[], shared: Pick<SharedCache, 'tars'> | undefined, context: Context): Promise<KeptLayers>
  /** Starts what writeRecord needs from the engine. */
  prepareRecord(): void
  /**
   * Writes the record for the next build. A failure is a warning, because the image is complete without the record.
   * @param kept whether the build used the `layers` volume that the record describes
   * @param tree the encoded files that the record's `app` describes (app/app-tree.ts), if they differ from the last ones
   */
  writeRecord(record: CacheRecord, kept: boolean, context: Context, tree?: Buffer): Promise<void>
  /** Returns the files that the record's `app` describes; undefined if they are missing or damaged. */
  readApp(known: KnownApp, context: Context): Promise<AppTree | undefined>
  /** Whether disposal removes no volume, which it can only after the removal of all containers. */
  readonly isKept: boolean
  /** Disposal after a successful build, if all volumes are kept (Container.leave). */
  leave(): Promise<void>
}

/**
 * Opens the cache and creates its volumes if they are missing.
 * @param owner the value of the owner label, by which a later run finds the leftovers of a killed run
 * @param app the volume for the app's files, created unless it exists
 */
export async function openBuildCache(
  engine: Engine,
  plan: BuildStart,
  owner: string,
  context: Context,
  app?: NewVolume,
): Promise<BuildCache> {
  const { layers, state } = plan.cacheVolumes
  const volumes = new UnfinishedVolumes(engine, owner, context)
  try {
    await volumes.create(layers, ...(app ? [app, state] : []))
    const opened = app && { name: app.name, isNew: volumes.isNew(app.name) }
    const stateVolume = openStateVolume(engine, plan, owner, context)
    if (app && !volumes.isNew(state)) stateVolume.prepare()
    return new VolumesCache(engine, plan, stateVolume, volumes, opened, context)
  } catch (error) {
    await volumes[Symbol.asyncDispose]()
    throw error
  }
}

class VolumesCache implements BuildCache {
  readonly app: AppVolume | undefined
  readonly #engine: Engine
  readonly #plan: BuildStart
  readonly #stateVolume: StateVolume
  readonly #volumes: UnfinishedVolumes
  readonly #context: Context
  /** Whether this build wrote the record. */
  #isRecorded = false

  constructor(
    engine: Engine,
    plan: BuildStart,
    stateVolume: StateVolume,
    volumes: UnfinishedVolumes,
    app: AppVolume | undefined,
    context: Context,
  ) {
    this.app = app
    this.#engine = engine
    this.#plan = plan
    this.#stateVolume = stateVolume
    this.#volumes = volumes
    this.#context = context
  }

  async read(present: readonly CodeSource[], shared: Pick<SharedCache, 'tars'> | undefined, context: Context): Promise<KeptLayers> {
    const tars = shared?.tars
    if (this.#plan.clearCache) {
      // As in the stock driver: otherwise the other driver would bring a discarded cache back.
      if (!tars) await this.#engine.volumes.remove(this.#plan.cacheVolumes.build)
      this.#decide('not used', '--clear-cache discards cached layers', context)
      return {}
    }
    const [found, text] = await Promise.all([this.#stateVolume.readRecord(context), tars?.metadata(context)])
    const externals = [found?.sources, text === undefined ? undefined : readCacheMetadata(text)?.sources].map((sources) => externalSources(sources ?? [], present))
    const [ofRecord = [], ofShared = []] = externals
    warnAbout(externals.flat(), context)
    if (externals.flat().length > 0) this.#decide('not used', `code that this build does not use could have written to it: ${namesOf(externals.flat())}`, context)
    const external = ofRecord.length > 0 ? { external: true } : {}
    const record = ofRecord.length > 0 ? undefined : found
    if (externals.flat().length === 0) this.#decideUse(text !== undefined || record !== undefined, context)
    if (!tars) return { ...external, ...(record ? { record } : await this.#ofPeer(context)) }
    if (ofShared.length > 0) return external
    // Verifying the shared cache takes as long as a build; it is not necessary if the volume has the same layers.
    if (record && text?.trimEnd() === writeCacheMetadata(cacheMetadata(record)).trimEnd()) return { record }
    return { ...external, ...(await readPackCache(tars, this.#plan.builder, context)) }
  }

  prepareRecord(): void {
    if (this.app) this.#stateVolume.prepare()
  }

  async #ofPeer(context: Context): Promise<KeptLayers> {
    const { build, chosen } = this.#plan.cacheVolumes
    if (!(await this.#engine.volumes.exists(build, context))) return {}
    if (chosen) return (await this.#stateVolume.peerCache(context)) ?? {}
    const message = `this build starts without the layers in volume '${build}': the builder that made them is unknown; to use them: --cache 'type=build;format=volume;name=${build}'`
    context.events?.({ type: 'info', message })
    decide(context, { kind: 'cache', name: build }, 'not used', 'the builder that made its layers is unknown')
    return {}
  }

  #decideUse(hasContents: boolean, context: Context): void {
    if (hasContents) this.#decide('used', 'all code that has written to it is part of this build', context)
    else this.#decide('empty', 'no earlier build of this image left layers in it', context)
  }

  #decide(outcome: string, reason: string, context: Context): void {
    decide(context, { kind: 'cache', name: cachePlace(this.#plan) }, outcome, reason)
  }

  async writeRecord(record: CacheRecord, kept: boolean, context: Context, tree?: Buffer): Promise<void> {
    const { layers, state, app } = this.#plan.cacheVolumes
    try {
      if (kept) {
        if (tree) await this.#stateVolume.writeApp(tree, context)
        await this.#stateVolume.writeRecord(verifiable(record), context)
        this.#isRecorded = true
        await this.#volumes.keep(layers, ...(record.app ? [app, state] : []))
      } else if (await this.#isOfFewer(record.sources, context)) {
        // The next build takes layers over from this build's image, so its sources must be recorded.
        const own = { ...record, buildpacks: [], sbom: {} }
        // Another build of the image may have written its record in this moment, which must not be lost.
        const isAdded = await this.#stateVolume.addRecord(own, context)
        if (!isAdded && (await this.#isOfFewer(record.sources, context))) await this.#stateVolume.writeRecord(own, context)
      }
    } catch (error) {
      context.signal?.throwIfAborted()
      if (!(error instanceof CnbError)) throw error
      context.events?.({ type: 'warning', message: `the image is built, but the next build starts without its layers: ${error.message}` })
    }
  }

  async readApp(known: KnownApp, context: Context): Promise<AppTree | undefined> {
    const content = await this.#stateVolume.readApp(context)
    return content && decodeTree(content, known)
  }

  /** Whether a concurrent build has written a record into the volumes that this build created. */
  async #isOfAnother(): Promise<boolean> {
    const record = await this.#stateVolume.readRecord(this.#context).catch(() => undefined)
    return record !== undefined && record.buildpacks.length > 0
  }

  /** Whether the current record, which another build may have written, lacks one of the code sources. */
  async #isOfFewer(sources: readonly CodeSource[], context: Context): Promise<boolean> {
    const record = await this.#stateVolume.readRecord(context)
    return externalSources(sources, record?.sources ?? []).length > 0
  }

  get isKept(): boolean {
    return !this.#volumes.hasNew
  }

  leave(): Promise<void> {
    return this.#stateVolume.leave()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { layers, state, app } = this.#plan.cacheVolumes
    if (!this.#isRecorded && this.#volumes.hasNew && (await this.#isOfAnother())) await this.#volumes.keep(layers, state, app)
    await this.#stateVolume[Symbol.asyncDispose]()
    await this.#volumes[Symbol.asyncDispose]()
  }
}

function warnAbout(externals: readonly CodeSource[], { events }: Context): void {
  if (externals.length === 0) return
  const message = `this build starts without the layers of earlier builds: ${namesOf(externals)}, which this build does not use, could have written to them`
  events?.({ type: 'warning', message })
}

function namesOf(sources: readonly CodeSource[]): string {
  return [...new Set(sources.map(({ name }) => name))].join(' and ')
}

/** The record without layers that have no fingerprint: the next build could not detect a change in them. */
function verifiable(record: CacheRecord): CacheRecord {
  const buildpacks = record.buildpacks.map((buildpack) => ({
    ...buildpack,
    layers: Object.fromEntries(Object.entries(buildpack.layers).filter(([, { fingerprint }]) => fingerprint !== '')),
  }))
  return { ...record, buildpacks }
}
