/** Layers of an engine's images, taken out of it by `docker save` and kept in a temporary directory for as long as needed. */

import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { decompress, isCompressed } from '../archive/decompress.ts'
import { readTar, type TarReadEntry } from '../archive/tar-reader.ts'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../base/files.ts'
import type { EngineImages } from '../docker/engine.ts'
import type { Digest } from '../oci/digest.ts'
import { writeHashed } from './hashed-file.ts'
import type { Layer } from './image.ts'

interface LayerFile {
  readonly path: string
  /** Bytes, uncompressed. */
  readonly size: number
}

/**
 * Layers on this machine's disk, uncompressed, each once however many images have it. Nothing is on the disk before the first
 * layer is asked for, and nothing after the store is disposed of.
 */
export class LayerStore implements AsyncDisposable {
  readonly #images: Pick<EngineImages, 'save'>
  readonly #files = new Map<Digest, LayerFile>()
  #directory: TemporaryDirectory | undefined
  /** The last save that was asked for; one runs at a time, because the next may find that it has all it needs. */
  #last: Promise<void> = Promise.resolve()

  constructor(images: Pick<EngineImages, 'save'>) {
    this.#images = images
  }

  /** The layer of the image with that ID. Its size is known once it has been opened or fetched. */
  layer(image: string, diffId: Digest): Layer {
    return new StoredLayer(this, image, diffId)
  }

  sizeOf(diffId: Digest): number | undefined {
    return this.#files.get(diffId)?.size
  }

  /**
   * Sees that the layers are on the disk, with at most one `docker save` of the image.
   * @throws CnbError CNB_IMAGE_INVALID when the engine's copy lacks one; CNB_ENGINE_*
   */
  fetch(image: string, diffIds: readonly Digest[], context: Context = {}): Promise<void> {
    const turn = this.#last.then(async () => {
      const missing = new Set(diffIds.filter((diffId) => !this.#files.has(diffId)))
      if (missing.size > 0) await this.#save(image, missing, context)
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  async open(image: string, diffId: Digest, signal: AbortSignal | undefined): Promise<Readable> {
    await this.fetch(image, [diffId], { signal })
    const file = this.#files.get(diffId)
    if (!file) throw new CnbError('CNB_INTERNAL', `layer ${diffId} was fetched but is not there`)
    return createReadStream(file.path, signal ? { signal } : {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    this.#files.clear()
    await this.#directory?.[Symbol.asyncDispose]()
    this.#directory = undefined
  }

  async #save(image: string, wanted: Set<Digest>, context: Context): Promise<void> {
    throwIfAborted(context.signal)
    this.#directory ??= await makeTemporaryDirectory('cnb-layers-')
    const archive = await this.#images.save(image, context)
    for await (const entry of readTar(archive, { source: `the engine's save of ${image}`, signal: context.signal })) {
      if (entry.type !== 'file' || entry.size === 0 || isMetadata(entry)) continue
      await this.#keep(entry, wanted, context.signal)
      if (wanted.size === 0) return
    }
    const lacking = [...wanted].join(', ')
    throw new CnbError('CNB_IMAGE_INVALID', `the engine's copy of image ${image} lacks ${wanted.size} of its layers: ${lacking}`, {
      hint: 'Pull or build the image again: some tools load an image without the contents of its base.',
    })
  }

  /**
   * Keeps the entry's content if it is a wanted layer, and takes that off the list. Layers are known by their own digest, so
   * that neither names nor links in the archive count: they differ between engines, and what has the digest is the layer.
   */
  async #keep(entry: TarReadEntry, wanted: Set<Digest>, signal: AbortSignal | undefined): Promise<void> {
    const named = digestInName(entry)
    // Uncompressed in an OCI layout the name is the diffID: no need to look at what nobody asked for.
    if (named && !wanted.has(named) && !(await isCompressed(entry.content))) return
    const path = join(this.#directory?.path ?? '', `${this.#files.size}.tar`)
    const content = await decompress(entry.content, { source: 'a layer of the image' })
    const { digest, size } = await writeHashed(content, path, signal)
    if (wanted.delete(digest)) this.#files.set(digest, { path, size })
    else await rm(path, { force: true })
  }
}

class StoredLayer implements Layer {
  readonly store: LayerStore
  readonly image: string
  readonly diffId: Digest

  constructor(store: LayerStore, image: string, diffId: Digest) {
    this.store = store
    this.image = image
    this.diffId = diffId
  }

  get size(): number | undefined {
    return this.store.sizeOf(this.diffId)
  }

  open(signal?: AbortSignal): Promise<Readable> {
    return this.store.open(this.image, this.diffId, signal)
  }
}

/** Sees that those of `layers` that come from an engine are on the disk, with one save for each image. */
export async function fetchLayers(layers: readonly Layer[], context: Context = {}): Promise<void> {
  const stored = layers.filter((layer) => layer instanceof StoredLayer)
  for (const { store, image } of stored) {
    const ofImage = stored.filter((layer) => layer.store === store && layer.image === image)
    // The first of an image's layers fetches them all, so that there is nothing left to do for the others.
    await store.fetch(image, ofImage.map(({ diffId }) => diffId), context)
  }
}

/** Small files of a docker-archive or an OCI layout that are no layers. */
function isMetadata({ name }: TarReadEntry): boolean {
  const file = basename(name.toString())
  return file === 'VERSION' || file === 'json' || file === 'repositories' || file === 'oci-layout' || file.endsWith('.json')
}

/** The digest that a blob of an OCI layout is named for. */
function digestInName({ name }: TarReadEntry): Digest | undefined {
  const hex = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(name.toString())?.[1]
  return hex === undefined ? undefined : `sha256:${hex}`
}
