/** A layer compressed, in the form in which registries and layouts get it. */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { verified } from '../../archive/verified-stream.ts'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { writeWhole } from '../../base/files.ts'
import { Limiter } from '../../base/limiter.ts'
import { OCI_LAYER } from '../../oci/media-types.ts'
import { cannotKeep } from './hashed-file.ts'
import type { Layer, LayerBlob } from '../image.ts'

/**
 * Measured on 200 MB of mixed files (scripts, documents, libraries): level 1 takes 3.0 seconds of a processor and leaves 85.4 MB,
 * level 4 3.7 and 81.6, level 6 5.7 and 79.9. With two processors and a line of more than 11 MB/s an image is published soonest at
 * level 1, and a slow line loses less than 5 % by it. The lifecycle's own level for registries, Go's fastest, leaves 87.8 MB.
 */
const LEVEL = 1

/**
 * What is compressed already (jars, wheels, pictures) takes longest and gains nothing: 500 MB of it 13 seconds of a processor. A block
 * whose samples do not shrink is stored as it is.
 */
const STORED = 0
const SAMPLES = 8
/** Bytes. */
const SAMPLE = 2048
/** A sample has to shrink to less than this part of itself. */
const WORTHWHILE = 0.97

/** Bytes that are compressed in one piece. Smaller ones compress worse (0.3 % here), larger ones are only more memory. */
const BLOCK = 512 * 1024
/** What a block can become at most, so that each is one piece of work for Node's threads. */
const COMPRESSED_BLOCK = BLOCK + 4096

/** For all layers together: of Node's four threads one stays free, which reads and writes the files meanwhile. */
const THREADS = Math.min(availableParallelism(), 3)
const limit = new Limiter(THREADS)
const compress = promisify<Buffer, { level: number; chunkSize: number }, Buffer>(gzip)

/** Where a gzip header (RFC 1952, 2.3) has the system that it was made on. */
const SYSTEM_AT = 9
const UNKNOWN_SYSTEM = 255

/** Bytes that are read at once from the file. */
const PIECE = 1024 * 1024

/**
 * Compresses what is written to it into a file; on all processors, however many there are of it. The blob is a row of gzip
 * members, without times and names: the same layer gives the same bytes with the same zlib. Leaving the scope of `await using`
 * removes the file, unless it is finished: then it is its directory's owner's.
 */
export class LayerCompressor implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  readonly #hash = createHash('sha256')
  /** Members in the layer's order; some are made ahead while one is written. */
  readonly #ahead: Promise<Buffer>[] = []
  #block: Buffer | undefined
  #filled = 0
  #size = 0
  #finished = false

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** @throws CnbError CNB_OUTPUT */
  static async open(directory: string): Promise<LayerCompressor> {
    const path = join(directory, `${randomUUID()}.tar.gz`)
    return new LayerCompressor(path, await open(path, 'wx', 0o600).catch((error: unknown) => cannotKeep(path, error)))
  }

  /** Takes the next bytes, which may be others as soon as it comes back. @throws CnbError CNB_OUTPUT */
  async write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy((this.#block ??= takeBlock()), this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled === BLOCK) await this.#compress()
    }
  }

  /** The blob of all that was written, readable until its file is removed. @throws CnbError CNB_OUTPUT */
  async finish(): Promise<LayerBlob> {
    if (this.#filled > 0 || this.#size + this.#ahead.length === 0) await this.#compress()
    for (const member of this.#ahead.splice(0)) await this.#keep(await member)
    this.#finished = true
    return {
      descriptor: { mediaType: `${OCI_LAYER}+gzip`, digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size },
      open: async (signal) => createReadStream(this.#path, { highWaterMark: PIECE, signal }),
    }
  }

  async #compress(): Promise<void> {
    const block = this.#block ?? takeBlock()
    const bytes = block.subarray(0, this.#filled)
    const member = limit.run(() => compressBlock(bytes)).finally(() => free.push(block))
    // Whoever takes it is told of an error; until then it is nobody's.
    member.catch(() => {})
    this.#ahead.push(member)
    this.#block = undefined
    this.#filled = 0
    if (this.#ahead.length > THREADS) await this.#keep(await this.#ahead.shift()!)
  }

  async #keep(member: Buffer): Promise<void> {
    this.#hash.update(member)
    this.#size += member.length
    await writeWhole(this.#file, member).catch((error: unknown) => cannotKeep(this.#path, error))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#ahead)
    await this.#file.close()
    if (!this.#finished) await rm(this.#path, { force: true })
  }
}

/** Blocks that nobody uses any more: new ones are memory that has to be cleared and collected. */
const free: Buffer[] = []

function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK)
}

/**
 * Compresses a layer into a file in `directory`, whose owner removes it.
 * @throws CnbError CNB_IMAGE_INVALID when what the layer's stream has is not the layer; CNB_OUTPUT, and what that stream fails with
 */
export async function compressLayer(layer: Layer, directory: string, { signal }: Context = {}): Promise<LayerBlob> {
  await using compressor = await LayerCompressor.open(directory)
  try {
    for await (const chunk of verified(await layer.open(signal), layer.diffId, (found) => isOther(layer, found))) {
      throwIfAborted(signal)
      await compressor.write(chunk as Buffer)
    }
  } catch (error) {
    throwIfAborted(signal)
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_ENGINE_FAILED', `cannot read layer ${layer.diffId}: ${(error as Error).message}`, { cause: error })
  }
  return await compressor.finish()
}

function isOther({ diffId }: Layer, found: string): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `layer ${diffId} cannot be saved: what is read of it is ${found}`, { hint: 'Build the image again.' })
}

async function compressBlock(block: Buffer): Promise<Buffer> {
  const level = (await isCompressible(block)) ? LEVEL : STORED
  const member = await compress(block, { level, chunkSize: COMPRESSED_BLOCK })
  member[SYSTEM_AT] = UNKNOWN_SYSTEM
  return member
}

/** Judged by samples from all over the block. */
async function isCompressible(block: Buffer): Promise<boolean> {
  if (block.length <= SAMPLES * SAMPLE) return true
  const stride = Math.floor((block.length - SAMPLE) / (SAMPLES - 1))
  const samples = Buffer.concat(Array.from({ length: SAMPLES }, (_, at) => block.subarray(at * stride, at * stride + SAMPLE)))
  const { length } = await compress(samples, { level: LEVEL, chunkSize: 2 * samples.length })
  return length < samples.length * WORTHWHILE
}
