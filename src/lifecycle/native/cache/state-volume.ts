/**
 * The way to the `state` volume, and to pack's cache: a container that is made and never started, so that nothing of the
 * builder image ever runs with either of them.
 */

import { packTar } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { type Container, type Engine, type Mount, OWNER_LABEL } from '../../../docker/engine.ts'
import { MAX_ITEMS } from '../../../formats/field-reader.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { MAX_METADATA_BYTES } from '../metadata-limit.ts'
import type { CacheRecord } from '../model.ts'
import { openArchivedFile, readArchivedFile } from './archived-file.ts'
import { CACHE_METADATA } from './cache-metadata.ts'
import type { LayerTars } from './layer-tars.ts'
import { type PeerCache, readPeerCache } from './peer-cache.ts'
import { readRecord, writeRecord } from './record.ts'

const STATE_DIR = '/state'
const PEER_DIR = '/pack-cache'
const RECORD = 'record'
/** Room for all metadata that a build may leave, with SBOM files in base64. */
const MAX_RECORD_BYTES = 2 * MAX_METADATA_BYTES

/** Leaving the scope of `await using` removes its containers. Both volumes must be there: they are the caller's. */
export interface StateVolume extends AsyncDisposable {
  /** Undefined where there is none, or one that was torn or tampered with. */
  readRecord(context: Context): Promise<CacheRecord | undefined>
  /** Costs nothing when it is the one that was read. @throws CnbError CNB_EXPORT_FAILED for one that could not be read again */
  writeRecord(record: CacheRecord, context: Context): Promise<void>
  /** What the stock lifecycle left in the `build` volume. Readable until the vault is closed. */
  peerCache(context: Context): Promise<PeerCache | undefined>
}

type VaultPlan = Pick<BuildPlan, 'builder' | 'cacheVolumes' | 'platform'>

/**
 * What it needs on the engine is made beside what the caller does next, and told of by the first use if it fails.
 * @param owner the label by which a later run finds what a killed one left
 */
export function openStateVolume(engine: Engine, plan: VaultPlan, owner: string, context: Context): StateVolume {
  return new ContainerVault(engine, plan, owner, context)
}

class ContainerVault implements StateVolume {
  readonly #engine: Engine
  readonly #plan: VaultPlan
  readonly #owner: string
  readonly #state: Promise<Container>
  #peer: Container | undefined
  /** The record in the volume, as far as is known. */
  #text: string | undefined

  constructor(engine: Engine, plan: VaultPlan, owner: string, context: Context) {
    this.#engine = engine
    this.#plan = plan
    this.#owner = owner
    this.#state = this.#create({ type: 'volume', source: plan.cacheVolumes.state, target: STATE_DIR, empty: true }, context)
    // Nobody may have asked for it by then.
    this.#state.catch(() => {})
  }

  async readRecord(context: Context): Promise<CacheRecord | undefined> {
    const content = await readArchivedFile(await this.#state, `${STATE_DIR}/${RECORD}`, MAX_RECORD_BYTES, context)
    this.#text = content?.toString() ?? ''
    return readRecord(this.#text)
  }

  /** A write that is cut short, or crossed by another, leaves a file that is no record: its digest is in it. */
  async writeRecord(record: CacheRecord, context: Context): Promise<void> {
    const text = writeRecord(record)
    if (text === this.#text) return
    const content = Buffer.from(text)
    if (content.length > MAX_RECORD_BYTES) {
      throw new CnbError('CNB_EXPORT_FAILED', `cannot keep the record of its layers: it has ${content.length} bytes, and the limit is ${MAX_RECORD_BYTES}`, {
        hint: "Write large data into a layer's directory, not into its metadata.",
      })
    }
    if (!readRecord(text)) {
      throw new CnbError('CNB_EXPORT_FAILED', `cannot keep the record of its layers: a table of it has more than ${MAX_ITEMS} entries`, {
        hint: 'Use fewer layers for one buildpack, or fewer SBOM files.',
      })
    }
    const file = { type: 'file', name: RECORD, mode: 0o600, uid: 0, gid: 0, mtime: 0, size: content.length, content } as const
    await (await this.#state).putArchive(STATE_DIR, packTar([file], { signal: context.signal }), context)
    this.#text = text
  }

  async peerCache(context: Context): Promise<PeerCache | undefined> {
    this.#peer ??= await this.#create({ type: 'volume', source: this.#plan.cacheVolumes.build, target: PEER_DIR, readOnly: true, empty: true }, context)
    return readPeerCache(tarsIn(this.#peer), this.#plan.builder, context)
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

  async [Symbol.asyncDispose](): Promise<void> {
    const state = await this.#state.catch(() => undefined)
    await Promise.all([state?.[Symbol.asyncDispose](), this.#peer?.[Symbol.asyncDispose]()])
  }
}

function tarsIn(container: Container): LayerTars {
  const committed = `${PEER_DIR}/committed`
  return {
    metadata: async (context) => (await readArchivedFile(container, `${committed}/${CACHE_METADATA}`, MAX_METADATA_BYTES, context))?.toString(),
    open: (diffId, context) => openArchivedFile(container, `${committed}/${diffId}.tar`, context),
  }
}
