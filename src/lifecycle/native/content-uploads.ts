/** Uploads cached layers that the `layers` volume lacks, each in one stream from the cache. */

import type { Readable } from 'node:stream'
import { packTar, type TarEntry } from '../../archive/tar/tar-writer.ts'
import { CnbError } from '../../base/errors.ts'
import { type Context, step } from '../../base/events.ts'
import { escapeId } from '../../buildpacks/buildpack-descriptor.ts'
import type { Container } from '../../docker/engine.ts'
import type { LayerContents, Restoration } from './model.ts'
import { buffered } from './run/read-ahead.ts'

/** Bytes of the first layer that are read before the upload starts. */
const AHEAD = 4 * 1024 * 1024

interface Upload {
  /** `<buildpack id>:<layer>`. */
  readonly name: string
  /** The layer's directory, relative to `/layers`. */
  readonly directory: string
  readonly entries: () => AsyncIterable<TarEntry>
}

/** Starts to read the first layer immediately. Disposal stops reading. */
export class ContentUploads implements Disposable {
  readonly #uploads: readonly Upload[]
  readonly #context: Context
  #first: Readable | undefined

  constructor(restoration: Restoration, contents: LayerContents | undefined, context: Context) {
    this.#uploads = uploadsOf(restoration, contents, context)
    this.#context = context
    const [first] = this.#uploads
    if (first) this.#first = buffered(this.#tar(first), AHEAD)
  }

  /** The layers' directories, relative to `/layers`. */
  get directories(): readonly string[] {
    return this.#uploads.map(({ directory }) => directory)
  }

  /**
   * Uploads the layers; their directories must be absent. Only afterwards is it known whether a layer has its digest.
   * @returns the directories of layers that are missing or damaged, with a warning for each; they may exist in part
   * @throws CnbError CNB_ENGINE_*
   */
  async uploadTo(container: Pick<Container, 'putArchive'>): Promise<string[]> {
    return withoutDamaged(this.#uploads, this.#context, async (upload) => {
      const tar = this.#first ?? this.#tar(upload)
      this.#first = undefined
      try {
        await step(this.#context, `restoring layer '${upload.name}'`, () => container.putArchive('/', tar, this.#context))
      } catch (error) {
        if (error !== tar.errored) throw error
        // An engine extracts one archive at a time: afterwards it extracts nothing of this layer any more.
        await container.putArchive('/', packTar([]), this.#context)
        return damageOf(error, this.#context)
      }
      return undefined
    })
  }

  #tar({ entries }: Upload): Readable {
    const { signal } = this.#context
    return packTar(entries(), signal ? { signal } : {})
  }

  [Symbol.dispose](): void {
    this.#first?.destroy()
  }
}

/** Reads all layers. @returns the directories of layers that are missing or damaged, with a warning for each */
export async function damagedContents(restoration: Restoration, contents: LayerContents | undefined, context: Context): Promise<string[]> {
  return withoutDamaged(uploadsOf(restoration, contents, context), context, async ({ entries }) => {
    try {
      for await (const _entry of entries());
      return undefined
    } catch (error) {
      return damageOf(error, context)
    }
  })
}

function damageOf(error: unknown, { signal }: Context): CnbError {
  signal?.throwIfAborted()
  if (error instanceof CnbError) return error
  throw error
}

/** @param read returns the error of a damaged layer */
async function withoutDamaged(uploads: readonly Upload[], { events }: Context, read: (upload: Upload) => Promise<CnbError | undefined>): Promise<string[]> {
  const damaged: string[] = []
  for (const upload of uploads) {
    const error = await read(upload)
    if (error === undefined) continue
    events?.({ type: 'warning', message: `cannot use '${upload.name}' of the cache: ${error.message}` })
    damaged.push(upload.directory)
  }
  return damaged
}

function uploadsOf(restoration: Restoration, contents: LayerContents | undefined, context: Context): Upload[] {
  if (!contents) return []
  return [...restoration].flatMap(([id, { kept }]) => kept
    .filter(({ fingerprint }) => fingerprint === '')
    .map(({ layer }) => ({ name: `${id}:${layer}`, directory: `${escapeId(id)}/${layer}`, entries: () => contents.entries(id, layer, context) })))
}
