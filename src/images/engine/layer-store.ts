/** Reads layers of an engine's images in the fastest way, with temporary files where needed. */

import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { tarChunks } from '../../archive/tar/tar-writer.ts'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../base/files.ts'
import { OWNER_LABEL, type Container, type Content, type Engine } from '../../docker/engine.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Image, Layer } from '../image.ts'
import { writeHashed } from '../layers/hashed-file.ts'
import { plainLayer } from '../layers/plain-layer.ts'
import { type NamedBlobs, namedBlobs } from './engine-blobs.ts'
import { layerFilesOf, type DescribedImage } from './layer-files.ts'
import { LayerRebuilder } from './rebuilt-layer.ts'
import { readSavedLayers } from './saved-layers.ts'

/** Bytes per read. Each chunk passes through many streams, so the default size is too small for layers. */
const PIECE = 1024 * 1024

interface ArchivedLayer {
  readonly path: string
  /** Uncompressed, in bytes. */
  readonly size: number
}

export type LayerEngine = Pick<Engine, 'content'> & {
  readonly containers: Pick<Engine['containers'], 'create'>
  readonly images: Pick<Engine['images'], 'save'>
}

/**
 * Uncompressed layers, shared by all images. A blob of a containerd store is read directly. On a graph-driver engine, a lifecycle's
 * layer is rebuilt from the files of a container that is never started; other layers come from a `docker save`. Temporary files and
 * the container are created on the first use, and removed by disposal.
 */
export class LayerStore implements AsyncDisposable {
  readonly #engine: LayerEngine
  readonly #owner: string
  readonly #files = new Map<Digest, ArchivedLayer>()
  /** By image ID. */
  readonly #rebuilders = new Map<string, LayerRebuilder>()
  readonly #containers: Container[] = []
  readonly #blobs = new Map<string, Promise<NamedBlobs>>()
  #directory: TemporaryDirectory | undefined
  #fileCount = 0
  /** The last requested fetch. Fetches run one after the other: each may make the next one unnecessary. */
  #last: Promise<void> = Promise.resolve()

  /** @param owner the value of OWNER_LABEL for containers */
  constructor(engine: LayerEngine, owner: string) {
    this.#engine = engine
    this.#owner = owner
  }

  /** Returns a layer of the image. Its size is known once it is on the disk. */
  layer(image: DescribedImage, diffId: Digest): Layer {
    return new EngineLayer(this, image, diffId)
  }

  /** Returns the blobs that the image's manifests name (engine-blobs.ts); they are read once. @throws CnbError CNB_ENGINE_* */
  namedBlobs(image: Pick<Image, 'id' | 'platform'>, context: Context = {}): Promise<NamedBlobs> {
    const known = this.#blobs.get(image.id) ?? namedBlobs(this.#engine.content, image, context)
    this.#blobs.set(image.id, known)
    known.catch(() => this.#blobs.delete(image.id))
    return known
  }

  sizeOf(diffId: Digest): number | undefined {
    return this.#files.get(diffId)?.size
  }

  /**
   * Copies missing layers to the disk, with at most one `docker save` of the image.
   * @throws CnbError CNB_IMAGE_INVALID if the engine's copy lacks one; CNB_ENGINE_*, CNB_OUTPUT
   */
  fetch(image: DescribedImage, diffIds: readonly Digest[], context: Context = {}): Promise<void> {
    const turn = this.#last.then(async () => {
      const missing = new Set(diffIds.filter((diffId) => !this.#files.has(diffId)))
      await this.#rebuild(image, missing, context)
      if (missing.size > 0) await this.#save(image, missing, context)
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  async open(image: DescribedImage, diffId: Digest, signal: AbortSignal | undefined): Promise<Readable> {
    const context = signal ? { signal } : {}
    if (!this.#files.has(diffId)) {
      const named = await this.namedBlobs(image, context)
      const blob = named && (await openLayerBlob(this.#engine.content, diffId, [named.get(diffId)], context))
      if (blob) return blob
      await this.fetch(image, [diffId], context)
    }
    const file = this.#files.get(diffId)
    if (!file) throw new CnbError('CNB_INTERNAL', `layer ${diffId} was fetched but is not there`)
    return createReadStream(file.path, { ...context, highWaterMark: PIECE })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    this.#files.clear()
    for (const container of this.#containers.splice(0)) await container[Symbol.asyncDispose]()
    this.#rebuilders.clear()
    await this.#directory?.[Symbol.asyncDispose]()
    this.#directory = undefined
  }

  /** Stores the wanted layers that can be rebuilt from a container, and removes them from `wanted`. A failure is not yet an error. */
  async #rebuild(image: DescribedImage, wanted: Set<Digest>, context: Context): Promise<void> {
    const files = layerFilesOf(image)
    for (const diffId of wanted) {
      const layer = files.get(diffId)
      if (!layer) continue
      throwIfAborted(context.signal)
      try {
        const rebuilder = await this.#rebuilderOf(image, context)
        await this.#store(tarChunks(rebuilder.entries(layer, await this.#newPath(), context), context.signal), wanted, context)
      } catch (error) {
        if (!(error instanceof CnbError) || error.code !== 'CNB_ENGINE_FAILED') throw error
        context.events?.({ type: 'debug', message: `cannot rebuild layer ${diffId} from the image's files: ${error.message}` })
      }
    }
  }

  async #save(image: DescribedImage, wanted: Set<Digest>, context: Context): Promise<void> {
    throwIfAborted(context.signal)
    const missing = [...wanted].join(', ')
    // An engine that exposes its blobs, but lacks these, cannot save them either.
    if ((await this.namedBlobs(image, context)) === undefined) {
      context.events?.({ type: 'debug', message: `saving image ${image.id}: it is the only source of ${missing}` })
      await readSavedLayers(this.#engine.images, image.id, wanted, (content) => this.#store(content, wanted, context), context)
    }
    if (wanted.size === 0) return
    const lacking = [...wanted].join(', ')
    throw new CnbError('CNB_IMAGE_INVALID', `the engine's copy of image '${image.reference}' lacks ${wanted.size} of its layers: ${lacking}`, {
      hint: lostHint(image.reference),
    })
  }

  /** Stores the content in a file if it is a wanted layer, and removes it from `wanted`. */
  async #store(content: AsyncIterable<Buffer>, wanted: Set<Digest>, { signal }: Context): Promise<void> {
    const path = await this.#newPath()
    const { digest, size } = await writeHashed(content, path, signal)
    if (wanted.delete(digest)) this.#files.set(digest, { path, size })
    else await rm(path, { force: true })
  }

  async #rebuilderOf(image: DescribedImage, context: Context): Promise<LayerRebuilder> {
    const known = this.#rebuilders.get(image.id)
    if (known) return known
    const spec = { image: image.id, command: ['never-started'], labels: { [OWNER_LABEL]: this.#owner } }
    const container = await this.#engine.containers.create(spec, context)
    this.#containers.push(container)
    const rebuilder = new LayerRebuilder(container)
    this.#rebuilders.set(image.id, rebuilder)
    return rebuilder
  }

  async #newPath(): Promise<string> {
    this.#directory ??= await makeTemporaryDirectory('cnb-layers-')
    return join(this.#directory.path, `${++this.#fileCount}.tar`)
  }
}

class EngineLayer implements Layer {
  readonly store: LayerStore
  readonly image: DescribedImage
  readonly diffId: Digest

  constructor(store: LayerStore, image: DescribedImage, diffId: Digest) {
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

/** Copies the layers of engines to the disk, with at most one `docker save` for each image. */
export async function fetchLayers(layers: readonly Layer[], context: Context = {}): Promise<void> {
  const stored = layers.filter((layer) => layer instanceof EngineLayer)
  for (const { store, image } of stored) {
    const ofImage = stored.filter((layer) => layer.store === store && layer.image.id === image.id)
    // The first layer of an image fetches all of its layers: nothing remains to do for the others.
    await store.fetch(image, ofImage.map(({ diffId }) => diffId), context)
  }
}

/**
 * Opens the layer's tar from its uncompressed blob, or else from one of `blobs`. The stream fails with CNB_IMAGE_INVALID if its content
 * is not the layer. Returns undefined if the store has none of the blobs.
 */
async function openLayerBlob(
  content: Content,
  diffId: Digest,
  blobs: readonly (Descriptor | undefined)[],
  context: Context = {},
): Promise<Readable | undefined> {
  for (const digest of new Set([diffId, ...blobs.flatMap((blob) => blob?.digest ?? [])])) {
    const blob = await content.read(digest, context)
    if (blob) return plainLayer(blob, digest, diffId, isOther(diffId))
  }
  return undefined
}

/**
 * A containerd store fetches no layer that is still unpacked (measured with Engine 28.5): a pull helps only after the removal of all
 * images with that layer. Such images come from tools that load them without the contents of their base.
 */
function lostHint(reference: string): string {
  return `Remove '${reference}' and the other images with these layers ('docker image rm'), and then pull or build it again: a pull alone does not restore them.`
}

function isOther(diffId: Digest): (found: Digest) => CnbError {
  const hint = 'Pull or build the image again.'
  return (found) => new CnbError('CNB_IMAGE_INVALID', `the engine's blob of layer ${diffId} contains ${found}`, { hint })
}
