/** Compresses layers to files, for registries and layouts. */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { crc32, gzip } from 'node:zlib'
import { verified } from '../../archive/verified-stream.ts'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { writeWhole } from '../../base/files.ts'
import { Limiter } from '../../base/limiter.ts'
import { countBytes } from '../../base/spent-chunks.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { OCI_LAYER } from '../../oci/media-types.ts'
import { bytesBlob } from './bytes-blob.ts'
import { cannotKeep } from './hashed-file.ts'
import type { Layer, LayerBlob } from '../image.ts'

/**
 * The compression level. Measured with 200 MB of mixed files (scripts, documents, libraries): level 1 takes 3.0 s of CPU time for
 * 85.4 MB, level 4 3.7 s for 81.6 MB, level 6 5.7 s for 79.9 MB. With two CPUs and an upload of more than 11 MB/s, level 1 publishes
 * fastest; slower uploads lose less than 5 %. The lifecycle's level for registries, Go's fastest, results in 87.8 MB.
 */
const LEVEL = 1

/** Samples of a block, which decide whether it is compressed. Compressed files (jars, wheels, images) do not shrink: 13 s of CPU time for 500 MB. */
const SAMPLES = 8
/** In bytes. */
const SAMPLE = 2048
/** Bits of information per byte, by the frequency of byte values: below, data shrinks; above, it is compressed or encrypted. */
const SHRINKS_BELOW = 7.5
const NEVER_ABOVE = 7.95
/** Between the two, the samples must shrink below this ratio. */
const WORTHWHILE = 0.97

/** Bytes per gzip member. Smaller blocks compress worse (0.3 % at this size), larger ones only need more memory. */
const BLOCK = 512 * 1024
/** The maximum size of a compressed block: each block is one task of Node's thread pool. */
const COMPRESSED_BLOCK = BLOCK + 4096

/** For all layers together. One of Node's four threads remains free to read and write files. */
const THREADS = Math.min(availableParallelism(), 3)
const limit = new Limiter(THREADS)
const compress = promisify<Buffer, { level: number; chunkSize: number }, Buffer>(gzip)

/** The size of a tar that is compressed in memory. */
const SMALL = 64 * 1024
const MEDIA_TYPE = `${OCI_LAYER}+gzip`

/** The position of the operating system in a gzip header (RFC 1952, section 2.3). */
const SYSTEM_AT = 9
const UNKNOWN_SYSTEM = 255
/** A header without time and name. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, UNKNOWN_SYSTEM])
/** The maximum length of a stored block of deflate (RFC 1951, section 3.2.4). */
const STORED_BLOCK = 65535
/** Its header, and the end of a gzip member: checksum and length. */
const STORED_HEADER = 5
const TRAILER = 8

/** Bytes per read of the file. */
const PIECE = 1024 * 1024
/** Bytes per read of a file that is still written. */
const FOLLOWED = 256 * 1024

/**
 * Compresses written bytes to a file; all compressors share the CPUs. The blob is a sequence of gzip members without times and names:
 * with the same zlib, the same layer results in the same bytes. Disposal removes an unfinished file; the owner of the directory removes
 * a finished one.
 */
export class LayerCompressor implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  readonly #hash = createHash('sha256')
  /** Members in the layer's order; while one member is written, others are compressed. */
  readonly #ahead: Promise<Member>[] = []
  #block: Buffer | undefined
  #filled = 0
  #size = 0
  #finished = false
  #finish: ((descriptor: Descriptor) => void) | undefined
  /** The blob's descriptor; pending until `finish`, and after disposal without that. */
  readonly finished = new Promise<Descriptor>((resolve) => (this.#finish = resolve))
  #disposed = false
  /** Wake those who wait for more bytes of the blob. */
  readonly #waiting = new Set<() => void>()

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** Opens a compressor with a new file in `directory`. @throws CnbError CNB_OUTPUT */
  static async open(directory: string): Promise<LayerCompressor> {
    const path = join(directory, `${randomUUID()}.tar.gz`)
    return new LayerCompressor(path, await open(path, 'wx', 0o600).catch((error: unknown) => cannotKeep(path, error)))
  }

  /** Writes the next bytes. The caller may reuse the buffer afterwards. @throws CnbError CNB_OUTPUT */
  async write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy((this.#block ??= takeBlock()), this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled === BLOCK) await this.#compress()
    }
  }

  /** Returns the blob of all written bytes, readable until its file is removed. @throws CnbError CNB_OUTPUT */
  async finish(): Promise<LayerBlob> {
    if (this.#filled > 0 || this.#size + this.#ahead.length === 0) await this.#compress()
    for (const member of this.#ahead.splice(0)) await this.#append(await member)
    const descriptor: Descriptor = { mediaType: MEDIA_TYPE, digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size }
    this.#finished = true
    this.#finish?.(descriptor)
    this.#wake()
    return {
      descriptor,
      open: async (signal) => createReadStream(this.#path, { highWaterMark: PIECE, signal }),
    }
  }

  /** The bytes of the blob so far. */
  get size(): number {
    return this.#size
  }

  /** Opens the blob while it is written. The stream ends when the blob is finished, and fails after disposal without that. */
  async follow(): Promise<Readable> {
    return Readable.from(this.#written(), { objectMode: false, highWaterMark: FOLLOWED })
  }

  async *#written(): AsyncGenerator<Buffer> {
    await using file = await open(this.#path)
    for (let at = 0; at < this.#size || !this.#finished; ) {
      if (at < this.#size) {
        const piece = Buffer.allocUnsafeSlow(Math.min(this.#size - at, FOLLOWED))
        const { bytesRead } = await file.read(piece, 0, piece.length, at)
        at += bytesRead
        countBytes(piece)
        yield piece.subarray(0, bytesRead)
      } else if (this.#disposed) throw new CnbError('CNB_OUTPUT', 'cannot send a layer: its compression ended early')
      else await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  async #compress(): Promise<void> {
    const block = this.#block ?? takeBlock()
    const bytes = block.subarray(0, this.#filled)
    const member = limit.run(() => compressBlock(bytes)).then((parts) => ({ parts, block }))
    // The error is thrown where the member is awaited; until then it must not be reported as unhandled.
    member.catch(() => {})
    this.#ahead.push(member)
    this.#block = undefined
    this.#filled = 0
    if (this.#ahead.length > THREADS) await this.#append(await this.#ahead.shift()!)
  }

  async #append({ parts, block }: Member): Promise<void> {
    for (const part of parts) this.#hash.update(part)
    await writeWhole(this.#file, ...parts).catch((error: unknown) => cannotKeep(this.#path, error))
    this.#size += lengthOf(parts)
    free.push(block)
    this.#wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#ahead)
    this.#disposed = true
    this.#wake()
    await this.#file.close()
    if (!this.#finished) await rm(this.#path, { force: true })
  }
}

/** A gzip member in parts, and the block that the parts may share memory with. */
interface Member {
  readonly parts: readonly Buffer[]
  readonly block: Buffer
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((length, part) => length + part.length, 0)
}

/** Unused blocks. Reuse avoids allocation and garbage collection. */
const free: Buffer[] = []

function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK)
}

/**
 * Compresses a layer to a file in `directory`, or in memory if it is small. The owner of the directory removes the file.
 * @throws CnbError CNB_IMAGE_INVALID if the stream's content is not the layer; CNB_OUTPUT, and errors of the stream
 */
export async function compressLayer(layer: Layer, directory: string, { signal }: Context = {}): Promise<LayerBlob> {
  if (layer.size !== undefined && layer.size <= SMALL) {
    const bytes: Buffer[] = []
    for await (const chunk of bytesOf(layer, signal)) bytes.push(chunk)
    return bytesBlob({ mediaType: MEDIA_TYPE, content: Buffer.concat(await compressBlock(Buffer.concat(bytes))) })
  }
  await using compressor = await LayerCompressor.open(directory)
  for await (const chunk of bytesOf(layer, signal)) await compressor.write(chunk)
  return await compressor.finish()
}

async function* bytesOf(layer: Layer, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of verified(await layer.open(signal), layer.diffId, (found) => isOther(layer, found))) {
      throwIfAborted(signal)
      yield chunk as Buffer
    }
  } catch (error) {
    throwIfAborted(signal)
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_ENGINE_FAILED', `cannot read layer ${layer.diffId}: ${(error as Error).message}`, { cause: error })
  }
}

function isOther({ diffId }: Layer, found: string): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `cannot save layer ${diffId}: its content has digest ${found}`, { hint: 'Build the image again; if that fails too, discard the cache with --clear-cache.' })
}

/** Returns the parts of a gzip member. */
async function compressBlock(block: Buffer): Promise<Buffer[]> {
  if (!(await isCompressible(block))) return storedMember(block)
  const member = await compress(block, { level: LEVEL, chunkSize: COMPRESSED_BLOCK })
  member[SYSTEM_AT] = UNKNOWN_SYSTEM
  return [member]
}

/** Returns a gzip member with the uncompressed block, without a copy of it. Zlib at level 0 takes five times as long. */
function storedMember(block: Buffer): Buffer[] {
  const parts: Buffer[] = [HEADER]
  for (let at = 0; at < block.length; at += STORED_BLOCK) {
    const bytes = block.subarray(at, at + STORED_BLOCK)
    const header = Buffer.allocUnsafe(STORED_HEADER)
    header.writeUInt8(at + STORED_BLOCK < block.length ? 0 : 1, 0)
    header.writeUInt16LE(bytes.length, 1)
    header.writeUInt16LE(bytes.length ^ 0xffff, 3)
    parts.push(header, bytes)
  }
  const trailer = Buffer.allocUnsafe(TRAILER)
  trailer.writeUInt32LE(crc32(block), 0)
  trailer.writeUInt32LE(block.length, 4)
  return [...parts, trailer]
}

/** Whether samples from the whole block shrink. */
async function isCompressible(block: Buffer): Promise<boolean> {
  if (block.length <= SAMPLES * SAMPLE) return true
  const stride = Math.floor((block.length - SAMPLE) / (SAMPLES - 1))
  const samples = Buffer.concat(Array.from({ length: SAMPLES }, (_, at) => block.subarray(at * stride, at * stride + SAMPLE)))
  const bits = entropy(samples)
  if (bits < SHRINKS_BELOW || bits > NEVER_ABOVE) return bits < SHRINKS_BELOW
  const { length } = await compress(samples, { level: LEVEL, chunkSize: 2 * samples.length })
  return length < samples.length * WORTHWHILE
}

/** Returns the entropy (Shannon) of the frequency of byte values, in bits per byte. Iterators take ten times as long in Bun. */
function entropy(bytes: Buffer): number {
  const counts = new Uint32Array(256)
  for (let at = 0; at < bytes.length; at++) counts[bytes[at]!]!++
  let bits = 0
  for (let value = 0; value < counts.length; value++) {
    const share = counts[value]! / bytes.length
    if (share > 0) bits -= share * Math.log2(share)
  }
  return bits
}
