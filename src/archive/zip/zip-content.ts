/** Reads the content of a zip entry and verifies its size and checksum. */

import { read, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'

const readAsync = promisify(read)

/** The fields of a central directory entry that describe the content. */
export interface ZipContentEntry {
  readonly relativeOffsetOfLocalHeader: number
  readonly compressionMethod: number
  readonly compressedSize: number
  readonly uncompressedSize: number
  readonly crc32: number
}

/** Compression methods (APPNOTE.TXT 4.4.5). */
export const STORED = 0
export const DEFLATED = 8

const LOCAL_HEADER = 30
const LOCAL_SIGNATURE = 0x04034b50
const CHUNK = 256 * 1024

/**
 * Reads the content of a small entry.
 * @throws Error describing the damage
 */
export function readZipContent(fd: number, base: number, entry: ZipContentEntry): Buffer {
  const stored = Buffer.alloc(entry.compressedSize)
  const start = contentStart(fd, base, entry)
  if (readSync(fd, stored, 0, stored.length, start) < stored.length) throw new Error('is truncated')
  const content = entry.compressionMethod === STORED ? stored : inflate(stored, entry.uncompressedSize)
  if (content.length !== entry.uncompressedSize) throw wrongSize(entry)
  checkSum(entry, crc32(content))
  return content
}

function inflate(stored: Buffer, size: number): Buffer {
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(size, 1) })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'ERR_BUFFER_TOO_LARGE' ? new Error('is larger than its declared size') : new Error(`cannot be decompressed: ${message}`)
  }
}

/**
 * Returns the content of a large entry as a stream, which reads on demand and fails if the content is damaged.
 * @param wrong creates the stream's error
 */
export function streamZipContent(fd: number, base: number, entry: ZipContentEntry, wrong: (error: Error) => Error): Readable {
  return Readable.from(pieces(fd, base, entry, wrong), { objectMode: false })
}

async function* pieces(fd: number, base: number, entry: ZipContentEntry, wrong: (error: Error) => Error): AsyncGenerator<Buffer> {
  try {
    const stored = storedPieces(fd, contentStart(fd, base, entry), entry.compressedSize)
    let sum = 0
    let length = 0
    for await (const piece of entry.compressionMethod === STORED ? stored : inflated(stored)) {
      length += piece.length
      if (length > entry.uncompressedSize) throw new Error('is larger than its declared size')
      sum = crc32(piece, sum)
      yield piece
    }
    if (length !== entry.uncompressedSize) throw wrongSize(entry)
    checkSum(entry, sum)
  } catch (error) {
    throw wrong(error as Error)
  }
}

async function* storedPieces(fd: number, start: number, size: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - position))
    const { bytesRead } = await readAsync(fd, buffer, 0, buffer.length, start + position)
    if (bytesRead === 0) throw new Error('is truncated')
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function* inflated(stored: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(stored, { objectMode: false })
  const inflater = createInflateRaw({ chunkSize: CHUNK })
  source.on('error', (error) => inflater.destroy(error))
  try {
    for await (const chunk of source.pipe(inflater)) yield chunk as Buffer
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code?.startsWith('Z_') ? new Error(`cannot be decompressed: ${message}`) : error
  } finally {
    source.destroy()
    inflater.destroy()
  }
}

/** Returns the offset after the local header; its name and extra field may differ in length from the central directory. */
function contentStart(fd: number, base: number, { relativeOffsetOfLocalHeader, compressedSize }: ZipContentEntry): number {
  if (compressedSize === 0) return 0
  const header = Buffer.alloc(LOCAL_HEADER)
  const start = base + relativeOffsetOfLocalHeader
  const length = Number.isSafeInteger(start) ? readSync(fd, header, 0, LOCAL_HEADER, start) : 0
  if (length < LOCAL_HEADER || header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new Error('is not at its declared offset')
  return start + LOCAL_HEADER + header.readUInt16LE(26) + header.readUInt16LE(28)
}

/** As in Go, a checksum of 0 means none. */
function checkSum(entry: ZipContentEntry, sum: number): void {
  if (entry.crc32 !== 0 && entry.crc32 !== sum) throw new Error('does not match its declared checksum')
}

function wrongSize({ uncompressedSize }: ZipContentEntry): Error {
  return new Error(`does not have its declared size of ${uncompressedSize} bytes`)
}
