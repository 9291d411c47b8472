/** The blobs of layers for registries and layouts: existing ones, or compressed once. */

import type { TarCopy } from '../../archive/tar/tar-layer.ts'
import type { Context } from '../../base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../base/files.ts'
import { Limiter } from '../../base/limiter.ts'
import { measured } from '../../base/spans.ts'
import type { Digest } from '../../oci/digest.ts'
import { ociLayerType } from '../../oci/media-types.ts'
import { compressLayer, LayerCompressor } from './compressed-layer.ts'
import type { Image, Layer, LayerBlob } from '../image.ts'

/** Concurrent layers. One layer uses all CPUs; a second one keeps them busy while the first waits for input. */
const AT_ONCE = 2

/** A cache of known and compressed blobs by layer. Disposal removes the compressed files. */
export class LayerBlobs implements AsyncDisposable {
  readonly #known = new Map<Digest, LayerBlob>()
  readonly #wrong = new Set<Digest>()
  readonly #compressed = new Map<Digest, Promise<LayerBlob>>()
  readonly #limit = new Limiter(AT_ONCE)
  #directory: Promise<TemporaryDirectory> | undefined

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
  async copy(): Promise<TarCopy> {
    const compressor = await LayerCompressor.open(await this.#path())
    return {
      write: (chunk) => compressor.write(chunk),
      finish: async (diffId) => void this.#compressed.set(diffId, Promise.resolve(await compressor.finish())),
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
    await Promise.allSettled(this.#compressed.values())
    await (await this.#directory)?.[Symbol.asyncDispose]()
  }
}

/** Whether an OCI manifest can name the blob. Others, such as non-distributable layers, are compressed again instead. */
function isUsable(blob: LayerBlob | undefined): blob is LayerBlob {
  return blob !== undefined && ociLayerType(blob.descriptor.mediaType) !== undefined
}
