/** Reads whole files up to a size limit, without blocking on pipes that have no writer. */

import { close, constants, fstatSync, open, read } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'
import { promisify } from 'node:util'
import { abortError, throwIfAborted } from './errors.ts'

const openAsync = promisify(open)
const readAsync = promisify(read)
const closeAsync = promisify(close)

export interface BoundedOptions {
  /** Bytes. */
  readonly max: number
  /** Whether the path may be a pipe or a terminal. Set it only for paths that the user specified: the read lasts until the writer ends. */
  readonly pipes?: boolean
  readonly signal?: AbortSignal | undefined
}

const CHUNK = 64 * 1024
const MIB = 1024 * 1024

/**
 * Reads a file of at most `max` bytes. A device is read while it has bytes available.
 * @throws Error if the file is larger than `max`, a pipe or a directory; the system's error, with its `code`, if it cannot be read;
 *   the signal's reason once it is aborted
 */
export async function readBounded(path: string, options: BoundedOptions): Promise<Buffer> {
  throwIfAborted(options.signal)
  // Without O_NONBLOCK, opening a FIFO that has no writer blocks a thread, and no signal can interrupt it.
  const fd = await openAsync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = fstatSync(fd)
  const terminal = !stats.isFile() && isatty(fd)
  if (stats.isFIFO() || terminal) {
    if (options.pipes === true) return readStream(terminal ? new ReadStream(fd) : new Socket({ fd, writable: false }), options)
    await closeAsync(fd)
    throw new Error(`is a ${terminal ? 'terminal' : 'pipe'}, not a file`)
  }
  try {
    if (stats.isDirectory()) throw new Error('is a directory')
    if (stats.size > options.max) throw tooLarge(options.max)
    return await readFile(fd, stats.size, options)
  } finally {
    await closeAsync(fd)
  }
}

/** @param size of the file as the system reports it: 0 in /proc. A chunk for each of a thousand small files costs more than reading them. */
async function readFile(fd: number, size: number, { max, signal }: BoundedOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  // One byte more shows the end of the file, or that it is larger than the limit.
  let room = Buffer.allocUnsafe(Math.min(size > 0 ? size + 1 : CHUNK, CHUNK, max + 1))
  for (let length = 0; ; ) {
    throwIfAborted(signal)
    const { bytesRead } = await readAsync(fd, room, 0, room.length, null)
    if (bytesRead === 0) return Buffer.concat(chunks)
    length += bytesRead
    if (length > max) throw tooLarge(max)
    chunks.push(room.subarray(0, bytesRead))
    room = bytesRead < room.length ? room.subarray(bytesRead) : Buffer.allocUnsafe(Math.min(CHUNK, max + 1 - length))
  }
}

async function readStream(stream: Readable, { max, signal }: BoundedOptions): Promise<Buffer> {
  const stop = (): void => void stream.destroy(signal && abortError(signal))
  signal?.addEventListener('abort', stop, { once: true })
  try {
    throwIfAborted(signal)
    const content = await readAtMost(stream as AsyncIterable<Buffer>, max)
    throwIfAborted(signal)
    return content
  } finally {
    signal?.removeEventListener('abort', stop)
    stream.destroy()
  }
}

/** Reads a stream to its end. @throws Error if it has more than `max` bytes */
export async function readAtMost(stream: AsyncIterable<Buffer>, max: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > max) throw tooLarge(max)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(max: number): Error {
  return new Error(`is larger than ${max < MIB ? `${max / 1024} KiB` : `${max / MIB} MiB`}`)
}
