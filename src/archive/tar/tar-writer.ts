/** Writes tar streams with backpressure, byte for byte as Go's archive/tar does. */

import { Readable, addAbortSignal } from 'node:stream'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import { BLOCK, paddingOf } from './tar-block.ts'
import { encodeTarHeader, tarHeaderLength } from './tar-header.ts'
import type { TarHeader } from './tar-header.ts'

/** One entry: its header, and for a file with a size above 0 exactly `size` bytes of content. */
export interface TarEntry extends Omit<TarHeader, 'size'> {
  /** Bytes of content; only files have any. */
  readonly size?: number
  /** The writer calls a function when it writes the entry, which keeps one file open at a time. */
  readonly content?: Buffer | Readable | (() => Readable | Promise<Readable>)
}

/** Small pieces are combined to this size: otherwise each header of a small file would be a separate write to the socket. */
const CHUNK = 64 * 1024
/** The size in bytes of the end of each tar. */
export const TAR_END = 2 * BLOCK
const ZEROS = Buffer.alloc(TAR_END)
/** Pieces of this size or more are passed on uncopied: a copy costs more than a separate chunk. */
const LARGE = 16 * 1024

/**
 * Writes a tar of `entries` in their order, terminated by exactly 1024 zero bytes. The stream fails with the errors of `entries` and
 * contents, with CNB_APP_CHANGED if a content does not have the declared size, and with the signal's reason. Destroying the stream
 * ends the iteration of `entries`, and their owner can clean up.
 */
export function packTar(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>, options: { signal?: AbortSignal } = {}): Readable {
  return Readable.from(tarChunks(entries, options.signal), { objectMode: false, highWaterMark: CHUNK })
}

/** Returns the size in bytes of an entry's part of a tar. */
export function sizeInTar(entry: TarEntry): number {
  const size = contentSize(entry)
  return tarHeaderLength({ ...entry, size }) + size + paddingOf(size)
}

function contentSize({ type, size = 0 }: TarEntry): number {
  return type === 'file' ? size : 0
}

/** Yields the same tar in chunks, without the cost of a stream; it fails as packTar's stream does. */
export async function* tarChunks(
  entries: Iterable<TarEntry> | AsyncIterable<TarEntry>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const gathered = new Gathered()
  try {
    for await (const entry of entries) {
      throwIfAborted(signal)
      const size = contentSize(entry)
      const header = gathered.add(encodeTarHeader({ ...entry, size }))
      if (header) yield header
      if (size === 0) continue
      if (Buffer.isBuffer(entry.content) && size < LARGE) {
        checkSize(entry, size, entry.content.length)
        const full = gathered.add(entry.content)
        if (full) yield full
      } else {
        const waiting = gathered.take()
        if (waiting) yield waiting
        yield* contentOf(entry, size, signal)
      }
      const full = gathered.add(ZEROS.subarray(0, paddingOf(size)))
      if (full) yield full
    }
    const full = gathered.add(ZEROS)
    if (full) yield full
    const last = gathered.take()
    if (last) yield last
  } catch (error) {
    // A content that the signal stopped throws "aborted"; the signal's reason is more specific.
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
  checkSize(entry, size, written)
}

function checkSize(entry: TarEntry, size: number, written: number): void {
  if (written === size) return
  const found = written > size ? 'more' : `${written}`
  throw new CnbError('CNB_APP_CHANGED', `${entry.name.toString()} should have ${size} bytes but has ${found}`)
}

/** Combines small pieces into chunks. */
class Gathered {
  #chunk = Buffer.alloc(0)
  #length = 0

  /** Adds a piece. @returns the previous chunk if `piece` did not fit */
  add(piece: Buffer): Buffer | undefined {
    let full: Buffer | undefined
    if (this.#length + piece.length > this.#chunk.length) {
      full = this.take()
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK, piece.length))
    }
    this.#chunk.set(piece, this.#length)
    this.#length += piece.length
    return full
  }

  /** Returns and removes the buffered bytes. */
  take(): Buffer | undefined {
    const taken = this.#length > 0 ? this.#chunk.subarray(0, this.#length) : undefined
    this.#chunk = this.#chunk.subarray(this.#length)
    this.#length = 0
    return taken
  }
}
