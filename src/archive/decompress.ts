/** Archives that may be compressed: what they are is read off their first bytes, never off their name. */

import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CnbError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'

export interface DecompressOptions {
  /** What an error calls the archive. */
  readonly source?: string
  /** The error's code when the compressed data is malformed. */
  readonly invalid?: ErrorCode
}

const GZIP = Buffer.from([0x1f, 0x8b])

/** What a user may well have made, and this version cannot read. */
const UNSUPPORTED = [
  { name: 'zstd', magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
  { name: 'xz', magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]) },
  { name: 'bzip2', magic: Buffer.from('BZh') },
  { name: 'zip', magic: Buffer.from('PK\x03\x04', 'latin1') },
]
const LONGEST_MAGIC = 5

/**
 * `archive` without its gzip compression, or as it is when it has none. Nothing is held but a chunk, however much comes out.
 * Destroying what is given destroys `archive`.
 * @throws CnbError CNB_UNSUPPORTED for other compressions; the stream fails with `invalid` (CNB_ENGINE_FAILED when absent) for
 * data that is no gzip after all
 */
export async function decompress(archive: Readable, options: DecompressOptions = {}): Promise<Readable> {
  const { source = 'the archive', invalid = 'CNB_ENGINE_FAILED' } = options
  // An error in a moment when nobody listens would end the process; whoever reads next is told of it all the same.
  archive.on('error', () => {})
  const head = await peek(archive)
  const unsupported = UNSUPPORTED.find(({ magic }) => startsWith(head, magic))
  if (unsupported) {
    archive.destroy()
    throw new CnbError('CNB_UNSUPPORTED', `${source} is ${unsupported.name}-compressed, which cnb cannot read`, {
      hint: 'Compress it with gzip, or not at all.',
    })
  }
  if (head.length === 0) return Readable.from([])
  if (!startsWith(head, GZIP)) return archive
  const gunzip = createGunzip({ chunkSize: 64 * 1024 })
  // The callback is there because an error without one is thrown; the error itself reaches whoever reads.
  pipeline(archive, gunzip, () => {})
  const plain = Readable.from(explained(gunzip, source, invalid), { objectMode: false })
  plain.once('close', () => archive.destroy())
  return plain
}

async function* explained(gunzip: Readable, source: string, invalid: ErrorCode): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of gunzip) yield chunk as Buffer
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!code?.startsWith('Z_')) throw error
    throw new CnbError(invalid, `${source} is not valid gzip data: ${message}`, { cause: error })
  }
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic)
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
