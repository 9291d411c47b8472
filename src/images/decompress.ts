/** Layers as engines hand them out: plain, or compressed in one of the ways that the OCI image-spec allows. */

import { Readable, pipeline } from 'node:stream'
import * as zlib from 'node:zlib'
import { CnbError } from '../base/errors.ts'

const GZIP = Buffer.from([0x1f, 0x8b])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** The first bytes of a stream (four, or all when it is shorter), and the whole stream with them. */
export async function peeked(stream: Readable): Promise<{ head: Buffer; whole: Readable }> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head: Buffer = Buffer.alloc(0)
  for (let next = { done: false } as IteratorResult<Buffer>; head.length < ZSTD.length && !next.done; ) {
    next = await chunks.next()
    if (!next.done) head = Buffer.concat([head, next.value])
  }
  return { head, whole: Readable.from(prepended(head, chunks), { objectMode: false }) }
}

async function* prepended(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

export function isCompressed(head: Buffer): boolean {
  return startsWith(head, GZIP) || startsWith(head, ZSTD)
}

/**
 * The stream's content, uncompressed, whatever its media type says; `head` are its first bytes.
 * @throws CnbError CNB_UNSUPPORTED for zstd where this Node.js cannot read it
 */
export function decompressed(head: Buffer, whole: Readable): Readable {
  if (startsWith(head, GZIP)) return through(whole, zlib.createGunzip())
  if (startsWith(head, ZSTD)) return through(whole, createZstd())
  return whole
}

/** Node.js has zstd from 22.15 on; the types in use here are of Node.js 20. */
function createZstd(): NodeJS.ReadWriteStream & Readable {
  const { createZstdDecompress: create } = zlib as { createZstdDecompress?: () => NodeJS.ReadWriteStream & Readable }
  if (create) return create()
  throw new CnbError('CNB_UNSUPPORTED', `a layer of the image is compressed with zstd, which this Node.js cannot read`, {
    hint: 'Use Node.js 22.15 or later.',
  })
}

function through(from: Readable, to: NodeJS.ReadWriteStream & Readable): Readable {
  // The callback is there because an error without one is thrown; `to` is destroyed with it.
  pipeline(from, to, () => {})
  return to
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic)
}
