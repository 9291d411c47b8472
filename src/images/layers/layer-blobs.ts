/** Layers in the form in which registries and layouts keep them: as one of them has it already, or else compressed, once. */

import type { TarCopy } from '../../archive/tar/tar-layer.ts'
import type { Context } from '../../base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../base/files.ts'
import { Limiter } from '../../base/limiter.ts'
import { measured } from '../../base/spans.ts'
import type { Digest } from '../../oci/digest.ts'
import { ociLayerType } from '../../oci/media-types.ts'
import { compressLayer, LayerCompressor } from './compressed-layer.ts'
import type { Image, Layer, LayerBlob } from '../image.ts'

/** Each is compressed on all processors; the second keeps them busy where the first waits for its bytes. */
const AT_ONCE = 2

/** Leaving the scope of `await using` removes what was compressed. */
export class LayerBlobs implements AsyncDisposable {
  readonly #known = new Map<Digest, LayerBlob>()
  readonly #wrong = new Set<Digest>()
  readonly #compressed = new Map<Digest, Promise<LayerBlob>>()
  readonly #limit = new Limiter(AT_ONCE)
  #directory: Promise<TemporaryDirectory> | undefined

  /** Tells of images whose layers a registry or a layout has. What was told of first is taken. */
  remember({ layers }: Pick<Image, 'layers'>): void {
    for (const { diffId, blob } of layers) if (isUsable(blob) && !this.#known.has(diffId)) this.#known.set(diffId, blob)
  }

  /** The layer's blob where one is known. */
  lookup({ diffId, blob }: Layer): LayerBlob | undefined {
    return isUsable(blob) && !this.#wrong.has(diffId) ? blob : this.#known.get(diffId)
  }

  /** What was known of the layer turned out wrong: from now on it is compressed from what it holds. */
  invalidate({ diffId }: Layer): void {
    this.#wrong.add(diffId)
    this.#known.delete(diffId)
  }

  /** The layer's blob, readable until this is disposed of. @throws CnbError CNB_OUTPUT, and what the layer's stream fails with */
  of(layer: Layer, context: Context = {}): Promise<LayerBlob> {
    const known = this.lookup(layer)
    if (known) return Promise.resolve(known)
    const compressed = this.#compressed.get(layer.diffId) ?? this.#limit.run(() => this.#compress(layer, context))
    this.#compressed.set(layer.diffId, compressed)
    return compressed
  }

  /** Compresses a layer while it is read for its digest; as its blob it counts once it is finished. @throws CnbError CNB_OUTPUT */
  async copy(): Promise<TarCopy> {
    const compressor = await LayerCompressor.open(await this.#path())
    return {
      write: (chunk) => compressor.write(chunk),
      finish: async (diffId) => void this.#compressed.set(diffId, Promise.resolve(await compressor.finish())),
      [Symbol.asyncDispose]: () => compressor[Symbol.asyncDispose](),
    }
  }

  /** Tells that a repository has the layer's blob from now on. */
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

/** What no manifest of ours can name, such as a layer that is not distributed, is sent in its own form instead. */
function isUsable(blob: LayerBlob | undefined): blob is LayerBlob {
  return blob !== undefined && ociLayerType(blob.descriptor.mediaType) !== undefined
}
