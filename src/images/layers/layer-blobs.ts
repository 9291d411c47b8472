/** The blobs of layers for registries and layouts: existing ones, or compressed once. */

import type { TarCopy } from '../../archive/tar/tar-layer.ts'
import type { Context } from '../../base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../base/files.ts'
import { Limiter } from '../../base/limiter.ts'
import { measured } from '../../base/spans.ts'
import type { Digest } from '../../oci/digest.ts'
import { ociLayerType } from '../../oci/media-types.ts'
import { compressLayer, LayerCompressor } from './compressed-layer.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { Image, Layer, LayerBlob } from '../image.ts'

/** Concurrent layers. One layer uses all CPUs; a second one keeps them busy while the first waits for input. */
const AT_ONCE = 2

/** Compressed bytes of a layer from which on it is sent before it is complete. */
const LARGE = 4 * 1024 * 1024

/** A repository to which layers are sent before the image is complete. */
export interface EarlyTarget {
  readonly name: string
  /** Sends a compressed layer. */
  readonly send: (blob: LayerBlob, context: Context) => Promise<void>
  /** Sends a layer while it is compressed. */
  readonly upload: (source: Pick<LayerBlob, 'open'> & { readonly identity: () => Promise<Descriptor> }, context: Context) => Promise<Pick<Descriptor, 'digest'>>
}

/** A cache of known and compressed blobs by layer. Disposal removes the compressed files. */
export class LayerBlobs implements AsyncDisposable {
  readonly #known = new Map<Digest, LayerBlob>()
  readonly #wrong = new Set<Digest>()
  readonly #compressed = new Map<Digest, Promise<LayerBlob>>()
  readonly #limit = new Limiter(AT_ONCE)
  /** Blobs that are sent early, by their digest: whether the repository has them at the end. */
  readonly #early = new Map<Digest, { readonly name: string; readonly sent: Promise<boolean> }>()
  readonly #sending: Promise<unknown>[] = []
  #target: EarlyTarget | undefined
  #directory: Promise<TemporaryDirectory> | undefined

  /** Sets the repository of the image that will be saved. */
  sendEarlyTo(target: EarlyTarget): void {
    this.#target = target
  }

  /** Starts to compress and send a layer that the repository of the image probably lacks. */
  start(layer: Layer, context: Context): void {
    const target = this.#target
    if (!target || this.lookup(layer)) return
    const sending = this.of(layer, context).then((blob) => {
      const { digest } = blob.descriptor
      if (this.#early.has(digest)) return
      const sent = withoutFailure(target.send(blob, context).then(() => true), context)
      this.#early.set(digest, { name: target.name, sent: sent.then((isSent) => isSent === true) })
      return sent
    })
    // Errors of the layer surface where the image is saved.
    this.#sending.push(sending.catch(() => {}))
  }

  /** Returns whether a blob was sent to a repository before the image was complete; waits for the end of the upload. */
  async wasSentTo(digest: Digest, repository: string): Promise<boolean> {
    const early = this.#early.get(digest)
    return early?.name === repository && (await early.sent)
  }

  /** Records the blobs of an image's layers in a registry or layout. The first blob of a layer is used. */
  remember({ layers }: Pick<Image, 'layers'>): void {
    for (const { diffId, blob } of layers) if (isUsable(blob) && !this.#known.has(diffId)) this.#known.set(diffId, blob)
  }

  /** Returns the layer's known blob. Returns undefined if it is unknown. */
  lookup({ diffId, blob }: Layer): LayerBlob | undefined {
    return isUsable(blob) && !this.#wrong.has(diffId) ? blob : this.#known.get(diffId)
  }

  /** Discards the layer's known blobs, which turned out to be missing: from now on the layer is compressed. */
  invalidate({ diffId }: Layer): void {
    this.#wrong.add(diffId)
    this.#known.delete(diffId)
  }

  /** Returns the layer's blob, readable until disposal. @throws CnbError CNB_OUTPUT, and errors of the layer's stream */
  of(layer: Layer, context: Context = {}): Promise<LayerBlob> {
    const known = this.lookup(layer)
    if (known) return Promise.resolve(known)
    const compressed = this.#compressed.get(layer.diffId) ?? this.#limit.run(() => this.#compress(layer, context))
    this.#compressed.set(layer.diffId, compressed)
    return compressed
  }

  /** Compresses a layer while its digest is computed; `finish` records the blob. @throws CnbError CNB_OUTPUT */
  async copy(context: Context = {}): Promise<TarCopy> {
    const compressor = await LayerCompressor.open(await this.#path())
    const target = this.#target
    let sent: Promise<Digest | undefined> | undefined
    return {
      write: async (chunk) => {
        await compressor.write(chunk)
        if (!target || sent || compressor.size <= LARGE) return
        const upload = target.upload({ open: () => compressor.follow(), identity: () => compressor.finished }, context)
        sent = withoutFailure(upload.then((descriptor) => descriptor.digest), context)
        this.#sending.push(sent)
      },
      finish: async (diffId) => {
        const blob = await compressor.finish()
        this.#compressed.set(diffId, Promise.resolve(blob))
        const { digest } = blob.descriptor
        if (target && sent) this.#early.set(digest, { name: target.name, sent: sent.then((found) => found === digest) })
      },
      [Symbol.asyncDispose]: () => compressor[Symbol.asyncDispose](),
    }
  }

  /** Records that a repository now has the layer's blob. */
  recordUpload(diffId: Digest, blob: LayerBlob, repository: string): void {
    if (blob.repository === undefined) this.#known.set(diffId, { ...blob, repository })
  }

  async #compress(layer: Layer, context: Context): Promise<LayerBlob> {
    const directory = await this.#path()
    return measured(context, `compressing layer ${layer.diffId}`, () => compressLayer(layer, directory, context))
  }

  async #path(): Promise<string> {
    this.#directory ??= makeTemporaryDirectory('cnb-blobs-')
    return (await this.#directory).path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#compressed.values(), ...this.#sending])
    await (await this.#directory)?.[Symbol.asyncDispose]()
  }
}

/** Returns undefined after a failure: the layer is sent again like any other. */
async function withoutFailure<Result>(sending: Promise<Result>, context: Context): Promise<Result | undefined> {
  try {
    return await sending
  } catch (error) {
    context.events?.({ type: 'debug', message: `a layer is sent again: ${(error as Error).message}` })
    return undefined
  }
}

/** Whether an OCI manifest can name the blob. Others, such as non-distributable layers, are compressed again instead. */
function isUsable(blob: LayerBlob | undefined): blob is LayerBlob {
  return blob !== undefined && ociLayerType(blob.descriptor.mediaType) !== undefined
}
