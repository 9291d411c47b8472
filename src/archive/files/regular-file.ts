/** Reads a file of the host at exactly the size that it had when it was opened. */

import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { CnbError } from '../../base/errors.ts'

const readAsync = promisify(read)

/** Files up to this size are read synchronously: three short calls cost less than three trips to the thread pool. */
const SMALL = 64 * 1024
const CHUNK = 256 * 1024

/** An open file; disposal closes it. */
export interface RegularFile extends Disposable {
  /** The status of the open file, even if its name now refers to another file. */
  readonly stats: Stats
  /** Exactly `stats.size` bytes; the stream fails with CNB_APP_CHANGED if the file shrank or grew. Call it once. */
  content(): Buffer | (() => Readable)
  /** The approximate number of bytes in holes: they use no disk space, but would be zeros in a tar. */
  holes(): number
}

/**
 * Opens a file without following links and without waiting for the other end of a FIFO.
 * @throws CnbError CNB_APP_CHANGED if it is not a regular file any more; the system's error if it cannot be opened
 */
export function openRegularFile(path: Buffer): RegularFile {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw changed(path, 'was replaced by something other than a regular file')
    return {
      stats,
      content: () => (stats.size <= SMALL ? readSmall(fd, stats.size, path) : () => Readable.from(readLarge(fd, stats.size, path))),
      holes: () => holesOf(fd, stats),
      [Symbol.dispose]: () => closeSync(fd),
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Many files have smaller holes, which do not matter. */
const LEAST_HOLE = 1024 * 1024
const SAMPLES = 64
/** No file system compresses other data than zeros this well. */
const MAX_COMPRESSION = 64
const SAMPLE = Buffer.alloc(4096)

/**
 * Node.js has no SEEK_HOLE. Fewer blocks than bytes mean a hole or a compressing file system, and some file systems report no
 * blocks at all; samples estimate how much of the file is zeros.
 */
function holesOf(fd: number, { size, blocks }: Stats): number {
  const missing = size - blocks * 512
  if (missing < LEAST_HOLE) return 0
  if (blocks > 0 && size > blocks * 512 * MAX_COMPRESSION) return missing
  const buffer = Buffer.alloc(SAMPLE.length)
  let zeros = 0
  for (let index = 0; index < SAMPLES; index++) {
    const read = readSync(fd, buffer, 0, buffer.length, Math.floor((size / SAMPLES) * (index + 0.5)))
    if (buffer.compare(SAMPLE, 0, read, 0, read) === 0) zeros++
  }
  return Math.min(missing, (size / SAMPLES) * zeros)
}

function readSmall(fd: number, size: number, path: Buffer): Buffer {
  // One byte more than the expected size shows whether the file grew.
  const buffer = Buffer.allocUnsafe(size + 1)
  let length = 0
  while (length <= size) {
    const count = readSync(fd, buffer, length, size + 1 - length, length)
    if (count === 0) break
    length += count
  }
  if (length !== size) throw changed(path, length > size ? 'grew' : 'shrank')
  return buffer.subarray(0, size)
}

async function* readLarge(fd: number, size: number, path: Buffer): AsyncGenerator<Buffer> {
  let position = 0
  while (position < size) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - position))
    const { bytesRead } = await readAsync(fd, buffer, 0, buffer.length, position)
    if (bytesRead === 0) throw changed(path, 'shrank')
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
  const { bytesRead } = await readAsync(fd, Buffer.alloc(1), 0, 1, position)
  if (bytesRead > 0) throw changed(path, 'grew')
}

function changed(path: Buffer, how: string): CnbError {
  return new CnbError('CNB_APP_CHANGED', `${path.toString()} ${how} while it was being read`, {
    hint: 'Run again while no other program writes to it, or exclude it.',
  })
}
