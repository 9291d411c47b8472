/** Decompression of archives; the format is detected from the first bytes, never from the name. */

import { Readable, pipeline, type Transform } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import * as zlib from 'node:zlib'
import { CnbError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { countBytes } from '../base/spent-chunks.ts'

export interface DecompressOptions {
  /** The archive's name in errors. */
  readonly source?: string
  /** The error code for malformed compressed data. */
  readonly invalid?: ErrorCode
}

interface Compression {
  readonly name: string
  /** The first bytes of such a file. A plain tar cannot begin with them: it begins with a file's name. */
  readonly magic: Buffer
  /** Undefined if this version of Node.js does not support it. */
  readonly create?: (options: { chunkSize: number }) => Transform
  readonly hint: string
}

const HINT = 'Compress it with gzip, or not at all.'

/** Node.js supports zstd from 22.15; the type definitions are for Node.js 20. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: Compression['create'] }

/** The supported formats, and common formats that cnb cannot read. */
const COMPRESSIONS: readonly Compression[] = [
  { name: 'gzip', magic: Buffer.from([0x1f, 0x8b]), create: zlib.createGunzip, hint: HINT },
  {
    name: 'zstd',
    magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    ...(createZstdDecompress ? { create: createZstdDecompress } : {}),
    hint: 'Use Node.js 22.15 or later, or compress it with gzip.',
  },
  { name: 'xz', magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), hint: HINT },
  { name: 'bzip2', magic: Buffer.from('BZh91AY&SY'), hint: HINT },
  { name: 'zip', magic: Buffer.from('PK\x03\x04', 'latin1'), hint: HINT },
]
const LONGEST_MAGIC = Math.max(...COMPRESSIONS.map(({ magic }) => magic.length))

/** Whether the stream is compressed, by its first bytes, which stay in the stream. */
export async function isCompressed(archive: Readable): Promise<boolean> {
  return (await compressionOf(archive)) !== undefined
}

/**
 * Removes gzip or zstd compression from `archive`; returns an uncompressed archive unchanged. Memory use is one chunk for any
 * uncompressed size. Destroying the result destroys `archive`.
 * @throws CnbError CNB_UNSUPPORTED for other compressions, and for zstd if this version of Node.js cannot read it; the stream fails
 *   with `invalid` (default: CNB_ENGINE_FAILED) if the data is malformed
 */
export async function decompress(archive: Readable, options: DecompressOptions = {}): Promise<Readable> {
  const { source = 'the archive', invalid = 'CNB_ENGINE_FAILED' } = options
  // An error without a listener would end the process; the next reader receives it anyway.
  archive.on('error', () => {})
  const compression = await compressionOf(archive)
  // A pipeline treats a stream that has ended as one that was cut off.
  if (!compression) return archive.readableEnded ? Readable.from([]) : archive
  const { name, create, hint } = compression
  if (!create) {
    archive.destroy()
    throw new CnbError('CNB_UNSUPPORTED', `${source} is ${name}-compressed, which is not supported here`, { hint })
  }
  const unpack = create({ chunkSize: 256 * 1024 })
  // Without a callback, an error would be thrown; the reader receives it.
  pipeline(archive, unpack, () => {})
  const plain = Readable.from(explained(unpack, `${source} is not valid ${name} data`, invalid), { objectMode: false })
  plain.once('close', () => archive.destroy())
  return plain
}

async function* explained(unpack: Readable, problem: string, invalid: ErrorCode): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of unpack as AsyncIterable<Buffer>) {
      countBytes(chunk)
      yield chunk
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!/^Z(_|STD_)/.test(code ?? '')) throw error
    throw new CnbError(invalid, `${problem}: ${message}`, { cause: error })
  }
}

async function compressionOf(archive: Readable): Promise<Compression | undefined> {
  const head = await peek(archive)
  return COMPRESSIONS.find(({ magic }) => head.subarray(0, magic.length).equals(magic))
}

/** Returns the first bytes without consuming them; fewer if the stream is shorter. */
async function peek(stream: Readable): Promise<Buffer> {
  for (;;) {
    const head = stream.read(LONGEST_MAGIC) as Buffer | null
    if (head) {
      stream.unshift(head)
      return head
    }
    if (stream.errored) throw stream.errored
    if (stream.readableEnded || stream.destroyed) return Buffer.alloc(0)
    await change(stream)
    // With fewer bytes than needed, a stream is readable again at once: only this lets it read more.
    await setImmediate()
  }
}

/** Resolves when the stream has data, ends or fails. */
async function change(stream: Readable): Promise<void> {
  const events = ['readable', 'end', 'close', 'error']
  let wake = (): void => {}
  await new Promise<void>((resolve) => {
    wake = resolve
    for (const event of events) stream.once(event, wake)
  })
  for (const event of events) stream.off(event, wake)
}
