/** Reads and validates the central directory of an untrusted zip archive before any file is read. */

import { fstatSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import { DEFLATED, STORED } from './zip-content.ts'

/** The entries of an archive. */
export interface ZipDirectory {
  readonly entries: readonly Entry[]
  /** The start of the archive in the file: a self-extracting archive has a script before it. */
  readonly base: number
}

/** Twelve times the files of a large app. */
const MAX_ENTRIES = 500_000
/** The event loop runs after this many entries. */
const ENTRIES_PER_TURN = 1024
/** Real files seldom compress to less than a tenth; zeros compress to a thousandth. */
const MAX_RATIO = 250
const BOMB = 256 * 1024 * 1024
const MIB = 1024 * 1024

const DIRECTORY_SIGNATURE = 0x02014b50
const END_SIGNATURE = 0x06054b50
const END_SIZE = 22
const MAX_COMMENT = 65_535
const LOCAL_HEADER = 30
const ENCRYPTED = 1

/**
 * Reads the central directory.
 * @param fail creates the error for an invalid archive
 * @returns undefined if the file does not end with a zip end record
 * @throws CnbError from `fail`; CNB_UNSUPPORTED for encrypted files and for compression methods other than deflate
 */
export async function readZipDirectory(fd: number, fail: (problem: string) => CnbError, signal: AbortSignal | undefined): Promise<ZipDirectory | undefined> {
  const { size } = fstatSync(fd)
  const end = findEnd(fd, size)
  if (!end) return undefined
  const { base } = end
  const entries: Entry[] = []
  try {
    const zip = await fromRandomAccessReaderPromise(new FileReader(fd, base), size - base, { autoClose: false, decodeStrings: false })
    if (zip.entryCount > MAX_ENTRIES) throw fail(`has more than ${MAX_ENTRIES} entries`)
    for await (const entry of zip.eachEntry()) {
      entries.push(entry)
      if (entries.length % ENTRIES_PER_TURN > 0) continue
      await setImmediate()
      throwIfAborted(signal)
    }
    refuseMore(fd, base, zip, fail)
  } catch (error) {
    throwIfAborted(signal)
    if (error instanceof CnbError) throw error
    throw fail(`is not a valid zip archive: ${(error as Error).message}`)
  }
  checkSizes(entries, size, fail)
  return { entries, base }
}

/** Old archives store the entry count modulo 2^16: another entry must not follow the last one. */
function refuseMore(fd: number, base: number, zip: ZipFile, fail: (problem: string) => CnbError): void {
  const next = Buffer.alloc(4)
  readSync(fd, next, 0, 4, base + Number(zip.readEntryCursor))
  if (next.readUInt32LE(0) === DIRECTORY_SIGNATURE) throw fail(`has more entries than the declared ${zip.entryCount}`)
}

function unsupported({ message, hint }: CnbError): CnbError {
  return new CnbError('CNB_UNSUPPORTED', message, { hint })
}

/** Rejects decompression bombs: entries with extreme ratios, or many entries that share the same bytes. */
function checkSizes(entries: readonly Entry[], size: number, fail: (problem: string) => CnbError): void {
  let stored = 0
  let plain = 0
  for (const entry of entries) {
    const { compressionMethod, generalPurposeBitFlag, compressedSize, uncompressedSize, fileNameRaw } = entry
    const name = JSON.stringify(fileNameRaw.toString())
    if ((generalPurposeBitFlag & ENCRYPTED) !== 0) throw unsupported(fail(`contains ${name}, which is encrypted`))
    if (![STORED, DEFLATED].includes(compressionMethod)) throw unsupported(fail(`contains ${name}, which uses compression method ${compressionMethod}`))
    stored += compressedSize + LOCAL_HEADER + fileNameRaw.length
    plain += uncompressedSize
  }
  if (stored > size) throw fail('has overlapping entries, like a decompression bomb')
  if (plain > BOMB && plain > size * MAX_RATIO) {
    throw fail(`would extract to ${Math.round(plain / MIB)} MiB, more than ${MAX_RATIO} times its size, like a decompression bomb`)
  }
}

/**
 * Finds the start of the archive in the file, from the end record (APPNOTE.TXT 4.3.16). As in Go, offsets count from the start of the
 * file if that leads to an entry, otherwise from the start of the archive that the directory's size implies.
 */
function findEnd(fd: number, size: number): { base: number } | undefined {
  const tail = Buffer.alloc(Math.min(size, END_SIZE + MAX_COMMENT))
  readSync(fd, tail, 0, tail.length, size - tail.length)
  for (let at = tail.length - END_SIZE; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE || tail.readUInt16LE(at + 20) !== tail.length - at - END_SIZE) continue
    const directorySize = tail.readUInt32LE(at + 12)
    const offset = tail.readUInt32LE(at + 16)
    const base = size - tail.length + at - directorySize - offset
    if (base <= 0 || tail.readUInt16LE(at + 10) === 0) return { base: 0 }
    const first = Buffer.alloc(4)
    readSync(fd, first, 0, 4, base + offset)
    const isThere = first.readUInt32LE(0) === DIRECTORY_SIGNATURE
    readSync(fd, first, 0, 4, offset)
    return { base: isThere && first.readUInt32LE(0) !== DIRECTORY_SIGNATURE ? base : 0 }
  }
  return undefined
}

/** Reads a file from `base` in large pieces: directory entries are small and contiguous. */
class FileReader extends RandomAccessReader {
  readonly #fd: number
  readonly #base: number
  readonly #window = Buffer.alloc(256 * 1024)
  #start = 0
  #length = 0

  constructor(fd: number, base: number) {
    super()
    this.#fd = fd
    this.#base = base
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: (error: Error | null, bytesRead?: number) => void): void {
    try {
      callback(null, this.#copy(buffer, offset, length, position))
    } catch (error) {
      callback(error as Error)
    }
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null)
  }

  #copy(buffer: Buffer, offset: number, length: number, position: number): number {
    const start = this.#base + position
    if (!Number.isSafeInteger(start)) return 0
    if (start < this.#start || start + length > this.#start + this.#length) {
      if (length > this.#window.length) return readSync(this.#fd, buffer, offset, length, start)
      this.#start = start
      this.#length = readSync(this.#fd, this.#window, 0, this.#window.length, start)
    }
    const from = start - this.#start
    return this.#window.copy(buffer, offset, from, Math.min(from + length, this.#length))
  }
}
