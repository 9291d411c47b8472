/**
 * Access to the record of the `layers` volume, and to pack's cache volume.
 *
 * The record is in a label of the `record` volume, which is never mounted: one request reads it. A large record and the list of a large
 * app's files are in the `state` volume. It and pack's are mounted in containers that are created and never started, so no program of
 * the builder image can access them.
 */

import { gunzipSync, gzipSync } from 'node:zlib'
import { packTar } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { type Container, type Engine, type Mount, OWNER_LABEL } from '../../../docker/engine.ts'
import { MAX_ITEMS } from '../../../formats/field-reader.ts'
import { CACHE_LABELS, replaceLabel } from '../../cache-volumes.ts'
import type { BuildStart } from '../../lifecycle.ts'
import { MAX_APP_LISTING } from '../run/session/session-script.ts'
import { MAX_METADATA_BYTES } from '../metadata-limit.ts'
import type { CacheRecord } from '../model.ts'
import { openArchivedFile, readArchivedFile } from './archived-file.ts'
import { CACHE_METADATA } from './cache-metadata.ts'
import { type LayerTars, verifiedTar } from './layer-tars.ts'
import { type PackCache, readPackCache } from './pack-cache.ts'
import { readRecord, writeRecord } from './record.ts'

const STATE_DIR = '/state'
const PACK_CACHE_DIR = '/pack-cache'
const RECORD = 'record'
const APP = 'app'
const RECORD_LABEL = 'dev.cnb.record'
/** The label's value for a record in the `state` volume. */
const IN_FILE = 'file'
/** The maximum length of the label. An engine has the labels of all volumes in memory, and lists them. */
const MAX_LABEL = 128 * 1024
/** Enough for all metadata that a build may write, with SBOM files in base64. */
const MAX_RECORD_BYTES = 2 * MAX_METADATA_BYTES

/** Disposal removes the containers. Pack's volume must exist; the others are created when they are needed. */
export interface StateVolume extends AsyncDisposable {
  /** Returns undefined if the record is missing, incomplete or was changed. */
  readRecord(context: Context): Promise<CacheRecord | undefined>
  /** Starts creating the container with the `state` volume; a failure surfaces on first use. */
  prepare(): void
  /** Writes the record if it differs from the one that was read. @throws CnbError CNB_EXPORT_FAILED if it exceeds a limit of readRecord */
  writeRecord(record: CacheRecord, context: Context): Promise<void>
  /** Writes the record unless one exists: returns false if another build wrote one meanwhile. @throws CnbError as writeRecord */
  addRecord(record: CacheRecord, context: Context): Promise<boolean>
  /** Returns and writes the file about the app (app/app-tree.ts). @throws CnbError CNB_RESTORE_FAILED if it is too large */
  readApp(context: Context): Promise<Buffer | undefined>
  writeApp(content: Buffer, context: Context): Promise<void>
  /** Returns the stock lifecycle's cache in the `build` volume. It can be read until disposal. */
  peerCache(context: Context): Promise<PackCache | undefined>
  /** Disposal after a successful build (Container.leave). */
  leave(): Promise<void>
}

/** More than compressed lists of an app's files have. */
const MAX_APP_BYTES = MAX_APP_LISTING

type StatePlan = Pick<BuildStart, 'builder' | 'cacheVolumes' | 'platform'>

/** @param owner the value of the owner label, by which a later run finds the leftovers of a killed run */
export function openStateVolume(engine: Engine, plan: StatePlan, owner: string, context: Context): StateVolume {
  return new MountedStateVolume(engine, plan, owner, context)
}

class MountedStateVolume implements StateVolume {
  readonly #engine: Engine
  readonly #plan: StatePlan
  readonly #owner: string
  readonly #context: Context
  #state: Promise<Container> | undefined
  #packCache: Container | undefined
  /** The record's text as last read or written; undefined before. */
  #text: string | undefined

  constructor(engine: Engine, plan: StatePlan, owner: string, context: Context) {
    this.#engine = engine
    this.#plan = plan
    this.#owner = owner
    this.#context = context
  }

  prepare(): void {
    // It may fail before its first use, and an unhandled rejection would end the process.
    this.#container().catch(() => {})
  }

  #container(): Promise<Container> {
    return (this.#state ??= this.#create({ type: 'volume', source: this.#plan.cacheVolumes.state, target: STATE_DIR, empty: true, labels: CACHE_LABELS }, this.#context))
  }

  async readRecord(context: Context): Promise<CacheRecord | undefined> {
    const label = (await this.#engine.volumes.labels(this.#plan.cacheVolumes.record, context))?.[RECORD_LABEL]
    const content = label === IN_FILE ? await readArchivedFile(await this.#container(), `${STATE_DIR}/${RECORD}`, MAX_RECORD_BYTES, context) : decoded(label)
    this.#text = content?.toString() ?? ''
    return readRecord(this.#text)
  }

  /** An interrupted or concurrent write leaves no record, or one that readRecord rejects by its digest. */
  async writeRecord(record: CacheRecord, context: Context): Promise<void> {
    const text = writeRecord(record)
    if (text === this.#text) return
    await replaceLabel(this.#engine.volumes, this.#plan.cacheVolumes.record, RECORD_LABEL, await this.#labelOf(text, context), context)
    this.#text = text
  }

  async addRecord(record: CacheRecord, context: Context): Promise<boolean> {
    const label = await this.#labelOf(writeRecord(record), context)
    return this.#engine.volumes.create(this.#plan.cacheVolumes.record, { ...CACHE_LABELS, [RECORD_LABEL]: label }, context)
  }

  /** Returns the label for a record, and writes the file of a large one. */
  async #labelOf(text: string, context: Context): Promise<string> {
    const content = Buffer.from(text)
    if (content.length > MAX_RECORD_BYTES) {
      throw new CnbError('CNB_EXPORT_FAILED', `cannot write the cache record: it has ${content.length} bytes, and the limit is ${MAX_RECORD_BYTES}`, {
        hint: "Write large data into a layer's directory, not into its metadata.",
      })
    }
    if (!readRecord(text)) {
      throw new CnbError('CNB_EXPORT_FAILED', `cannot write the cache record: one of its tables has more than ${MAX_ITEMS} entries`, {
        hint: 'Use fewer layers for one buildpack, or fewer SBOM files.',
      })
    }
    const label = gzipSync(content).toString('base64')
    if (label.length <= MAX_LABEL) return label
    await this.#write(RECORD, content, context)
    return IN_FILE
  }

  async readApp(context: Context): Promise<Buffer | undefined> {
    return readArchivedFile(await this.#container(), `${STATE_DIR}/${APP}`, MAX_APP_BYTES, context)
  }

  async writeApp(content: Buffer, context: Context): Promise<void> {
    if (content.length <= MAX_APP_BYTES) await this.#write(APP, content, context)
  }

  async #write(name: string, content: Buffer, context: Context): Promise<void> {
    const file = { type: 'file', name, mode: 0o600, uid: 0, gid: 0, mtime: 0, size: content.length, content } as const
    await (await this.#container()).putArchive(STATE_DIR, packTar([file], { signal: context.signal }), context)
  }

  async peerCache(context: Context): Promise<PackCache | undefined> {
    this.#packCache ??= await this.#create({ type: 'volume', source: this.#plan.cacheVolumes.build, target: PACK_CACHE_DIR, readOnly: true, empty: true }, context)
    return readPackCache(tarsIn(this.#packCache), this.#plan.builder, context)
  }

  #create(mount: Mount, context: Context): Promise<Container> {
    const { builder, platform } = this.#plan
    return this.#engine.containers.create(
      {
        image: builder.image.id,
        command: ['/cnb/lifecycle/launcher'],
        user: '0:0',
        network: 'none',
        platform,
        mounts: [mount],
        securityOpt: ['no-new-privileges'],
        capDrop: ['ALL'],
        labels: { [OWNER_LABEL]: this.#owner },
      },
      context,
    )
  }

  async leave(): Promise<void> {
    await Promise.all((await this.#containers()).map((container) => container.leave()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all((await this.#containers()).map((container) => container[Symbol.asyncDispose]()))
  }

  async #containers(): Promise<Container[]> {
    return [await this.#state?.catch(() => undefined), this.#packCache].filter((container) => container !== undefined)
  }
}

/** Returns the content of a label; undefined if it is missing, damaged or too large. */
function decoded(label: string | undefined): Buffer | undefined {
  if (label === undefined) return undefined
  try {
    return gunzipSync(Buffer.from(label, 'base64'), { maxOutputLength: MAX_RECORD_BYTES })
  } catch {
    return undefined
  }
}

function tarsIn(container: Container): LayerTars {
  const committed = `${PACK_CACHE_DIR}/committed`
  return {
    metadata: async (context) => (await readArchivedFile(container, `${committed}/${CACHE_METADATA}`, MAX_METADATA_BYTES, context))?.toString(),
    open: async (diffId, context) => {
      const tar = await openArchivedFile(container, `${committed}/${diffId}.tar`, context)
      return tar && verifiedTar(tar, diffId)
    },
  }
}
