/** Tar streams, written with backpressure and without a byte more than Go's archive/tar would write. */

import { Readable, addAbortSignal } from 'node:stream'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import { BLOCK, paddingOf } from './tar-block.ts'
import { encodeTarHeader } from './tar-header.ts'
import type { TarHeader } from './tar-header.ts'

/** One entry: its header, and for a file with a size above 0 exactly `size` bytes of content. */
export interface TarEntry extends Omit<TarHeader, 'size'> {
  /** Bytes of content; only files have any. */
  readonly size?: number
  /** A function is called when the entry's turn comes, so that one file is open at a time. */
  readonly content?: Buffer | Readable | (() => Readable | Promise<Readable>)
}

/** Small pieces are gathered to this size: an app of many small files would otherwise be a write of the socket for each header. */
const CHUNK = 64 * 1024

/**
 * A tar of `entries` in their order, ended by 1024 zero bytes and nothing more.
 * The stream fails with what `entries` or a content throws, with CNB_APP_CHANGED when a content is shorter or longer than its
 * size, and with the signal's reason. Destroying it ends the iteration of `entries`, so that their owner can clean up.
 */
export function packTar(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>, options: { signal?: AbortSignal } = {}): Readable {
  return Readable.from(gather(pieces(entries, options.signal)), { objectMode: false, highWaterMark: CHUNK })
}

async function* pieces(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    for await (const entry of entries) {
      throwIfAborted(signal)
      const size = entry.type === 'file' ? (entry.size ?? 0) : 0
      yield encodeTarHeader({ ...entry, size })
      if (size === 0) continue
      yield* contentOf(entry, size, signal)
      if (size % BLOCK > 0) yield Buffer.alloc(paddingOf(size))
    }
    yield Buffer.alloc(2 * BLOCK)
  } catch (error) {
    // A content that the signal stopped says "aborted"; the signal's own reason says more.
    throwIfAborted(signal)
    throw error
  }
}

async function* contentOf(entry: TarEntry, size: number, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const { content } = entry
  let written = 0
  if (Buffer.isBuffer(content)) {
    written = content.length
    if (written === size) yield content
  } else if (content) {
    const stream = typeof content === 'function' ? await content() : content
    for await (const chunk of signal ? addAbortSignal(signal, stream) : stream) {
      const bytes = chunk as Buffer
      written += bytes.length
      if (written > size) break
      yield bytes
    }
  }
  if (written === size) return
  const found = written > size ? 'more' : `${written}`
  throw new CnbError('CNB_APP_CHANGED', `${entry.name.toString()} should have ${size} bytes but gave ${found}`)
}

async function* gather(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let length = 0
  for await (const part of parts) {
    waiting.push(part)
    length += part.length
    if (length < CHUNK) continue
    yield waiting.length === 1 ? part : Buffer.concat(waiting)
    waiting = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(waiting)
}
