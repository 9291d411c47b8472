/** Archives that may be compressed: what they are is read off their first bytes, never off their name. */

import { Readable, pipeline, type Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { CnbError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'

export interface DecompressOptions {
  /** What an error calls the archive. */
  readonly source?: string
  /** The error's code when the compressed data is malformed. */
  readonly invalid?: ErrorCode
}

interface Compression {
  readonly name: string
  /** What every such file begins with. No plain tar may begin with it: a tar begins with a file's name. */
  readonly magic: Buffer
  /** Undefined where this Node.js has none. */
  readonly create?: (options: { chunkSize: number }) => Transform
  readonly hint: string
}

const HINT = 'Compress it with gzip, or not at all.'

/** Node.js has zstd from 22.15 on; the types in use here are of Node.js 20. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: Compression['create'] }

/** What can be read, and what a user may well have made and this version cannot read. */
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

/** Whether the stream is compressed, by its first bytes; they are still there for the next reader. */
export async function isCompressed(archive: Readable): Promise<boolean> {
  return (await compressionOf(archive)) !== undefined
}

/**
 * `archive` without its gzip or zstd compression, or as it is when it has none. Nothing is held but a chunk, however much comes
 * out. Destroying what is given destroys `archive`.
 * @throws CnbError CNB_UNSUPPORTED for other compressions, and for zstd where this Node.js cannot read it; the stream fails
 * with `invalid` (CNB_ENGINE_FAILED when absent) for data that is not so compressed after all
 */
export async function decompress(archive: Readable, options: DecompressOptions = {}): Promise<Readable> {
  const { source = 'the archive', invalid = 'CNB_ENGINE_FAILED' } = options
  // An error in a moment when nobody listens would end the process; whoever reads next is told of it all the same.
  archive.on('error', () => {})
  const compression = await compressionOf(archive)
  // What has ended is at its end for us; a pipeline would take it for one that broke off.
  if (!compression) return archive.readableEnded ? Readable.from([]) : archive
  const { name, create, hint } = compression
  if (!create) {
    archive.destroy()
    throw new CnbError('CNB_UNSUPPORTED', `${source} is ${name}-compressed, which cnb cannot read here`, { hint })
  }
  const unpack = create({ chunkSize: 64 * 1024 })
  // The callback is there because an error without one is thrown; the error itself reaches whoever reads.
  pipeline(archive, unpack, () => {})
  const plain = Readable.from(explained(unpack, `${source} is not valid ${name} data`, invalid), { objectMode: false })
  plain.once('close', () => archive.destroy())
  return plain
}

async function* explained(unpack: Readable, problem: string, invalid: ErrorCode): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of unpack) yield chunk as Buffer
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

/** The first bytes, put back for the next reader; fewer when there are no more. */
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
  }
}

/** Resolves when there is more to read, or never will be. */
async function change(stream: Readable): Promise<void> {
  const events = ['readable', 'end', 'close', 'error']
  let wake = (): void => {}
  await new Promise<void>((resolve) => {
    wake = resolve
    for (const event of events) stream.once(event, wake)
  })
  for (const event of events) stream.off(event, wake)
}
