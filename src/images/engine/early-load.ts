/** Sends new layers to an engine while they are read for their digests, before the image is known. */

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { paddingOf } from '../../archive/tar/tar-block.ts'
import { encodeTarHeader } from '../../archive/tar/tar-header.ts'
import type { TarCopy } from '../../archive/tar/tar-layer.ts'
import { packTar, tarChunks, type TarEntry } from '../../archive/tar/tar-writer.ts'
import { CnbError, throwIfAborted, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { EngineImages } from '../../docker/engine.ts'
import type { Digest } from '../../oci/digest.ts'
import { sizedFile } from './image-archive.ts'

const BUFFER = 256 * 1024
/** The time for an engine to end a load after the archive ended. */
const END_TIMEOUT_MS = 3000

/** Loads an archive of these entries, or of those after the layers of `early`. @throws CnbError CNB_ENGINE_*, and errors of the contents */
export async function loadArchive(images: Pick<EngineImages, 'load'>, entries: readonly TarEntry[], early: EarlyLoad | undefined, context: Context): Promise<void> {
  if (early?.isUsed) await early.complete(entries)
  else await images.load(packTar(entries, context), context)
}

/** The size in bytes of a layer that has not been read; undefined if it is unknown. */
export type SizeOf = () => Promise<number | undefined>

/**
 * One load, of an archive that begins with layers; the documents that name them follow when the image is complete. An archive that ends
 * earlier, even in the middle of a layer, leaves nothing on the engine. A broken connection leaves a part of the layer in containerd's
 * store, so disposal ends the archive instead. A failure of the engine before `seal` only causes that no layer is used.
 */
export class EarlyLoad implements AsyncDisposable {
  readonly #images: Pick<EngineImages, 'load'>
  #context: Context = {}
  readonly #files = new Map<Digest, string>()
  readonly #request = new AbortController()
  readonly #archive = new Readable({ highWaterMark: BUFFER, read: () => this.#continue() })
  #continue: () => void = () => {}
  #loading: Promise<unknown> | undefined
  #state: 'waiting' | 'copying' | 'sealed' | 'ended' = 'waiting'
  #isUsed = false

  constructor(images: Pick<EngineImages, 'load'>) {
    this.#images = images
    this.#archive.once('close', () => this.#continue())
  }

  /** Whether `seal` has returned layers. */
  get isUsed(): boolean {
    return this.#isUsed
  }

  /**
   * Returns a receiver of a layer, one at a time; undefined if the load cannot receive it.
   * @param context the same for all layers
   */
  async copy(sizeOf: SizeOf, context: Context): Promise<TarCopy | undefined> {
    if (this.#state !== 'waiting') return undefined
    this.#state = 'copying'
    const size = await sizeOf()
    if (size === undefined || this.#isEnded) {
      if (!this.#isEnded) this.#state = 'waiting'
      return undefined
    }
    this.#loading ??= this.#load(context)
    // Not the same name twice: containerd continues the interrupted file of another load that has the name.
    const name = `${randomUUID()}.tar`
    await this.#write(encodeTarHeader({ ...sizedFile(name, size, undefined), size }))
    let left = size
    return {
      write: async (chunk) => {
        left -= chunk.length
        if (left >= 0) await this.#write(chunk)
      },
      finish: async (diffId) => {
        if (left !== 0 || this.#state !== 'copying') return
        await this.#write(Buffer.alloc(paddingOf(size)))
        this.#files.set(diffId, name)
        this.#state = 'waiting'
      },
      [Symbol.asyncDispose]: async () => {
        if (this.#state === 'copying') this.#discard('a layer was not as it was listed')
      },
    }
  }

  /** Receives no more layers. Returns the names of the archive's files by layer; undefined without layers. */
  seal(): ReadonlyMap<Digest, string> | undefined {
    if (this.#state === 'waiting') this.#state = 'sealed'
    this.#isUsed = this.#state === 'sealed' && this.#files.size > 0
    return this.#isUsed ? new Map(this.#files) : undefined
  }

  /** Sends the rest of the archive of a sealed load. @throws CnbError CNB_ENGINE_*, and errors of the contents */
  async complete(entries: readonly TarEntry[]): Promise<void> {
    const { signal } = this.#context
    for await (const chunk of tarChunks(entries, signal)) {
      if (this.#isEnded) break
      await this.#write(chunk)
    }
    throwIfAborted(signal)
    const isWhole = !this.#isEnded
    this.#state = 'ended'
    this.#archive.push(null)
    await this.#loading
    if (!isWhole) throw new CnbError('CNB_ENGINE_FAILED', 'the engine ended a load before it had all of the archive')
  }

  get #isEnded(): boolean {
    return this.#state === 'ended'
  }

  #load(context: Context): Promise<unknown> {
    this.#context = context
    context.signal?.addEventListener('abort', this.#interrupt, { once: true })
    const loaded = this.#images.load(this.#archive, { signal: this.#request.signal })
    loaded.then(() => this.#discard('it ended the load'), (error: unknown) => this.#discard(toCnbError(error).message))
    return loaded
  }

  /** The layers are sent again, so the engine's failure is not one of the build. */
  #discard(reason: string): void {
    if (this.#isEnded) return
    this.#context.events?.({ type: 'debug', message: `the engine did not keep the layers that were sent before the image was complete: ${reason}` })
    this.#end()
  }

  /** Ends the archive where it is. */
  #end(): void {
    if (this.#isEnded) return
    this.#state = 'ended'
    this.#files.clear()
    this.#archive.push(null)
    this.#continue()
    const timer = setTimeout(() => this.#request.abort(), END_TIMEOUT_MS)
    const end = (): void => clearTimeout(timer)
    if (this.#loading) this.#loading.then(end, end)
    else end()
  }

  readonly #interrupt = (): void => {
    // The engine has the whole archive: only a broken connection stops it.
    if (this.#isEnded) this.#request.abort(this.#context.signal?.reason)
    else this.#end()
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#isEnded || this.#archive.destroyed || bytes.length === 0) return
    if (!this.#archive.push(bytes)) await new Promise<void>((resolve) => (this.#continue = resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end()
    await this.#loading?.catch(() => {})
    this.#context.signal?.removeEventListener('abort', this.#interrupt)
  }
}
