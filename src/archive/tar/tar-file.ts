/** An index of the files in a tar file, to read some of them without the others. */

import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { posix } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import { CnbError, throwIfAborted, type ErrorCode } from '../../base/errors.ts'
import { ByteSource } from '../byte-source.ts'
import { decompress, isCompressed } from '../decompress.ts'
import { parsePaxRecords, type PaxRecords } from './pax-records.ts'
import { BLOCK, paddingOf, readOctal, readString } from './tar-block.ts'

export interface TarFile {
  /** The path of the tar file, for messages. */
  readonly path: string
  /** The error code for invalid content. */
  readonly invalid: ErrorCode
  /** The size of a regular file in bytes, through links inside the archive. Undefined if the archive does not have it. */
  size(name: string): number | undefined
  /** Opens a regular file; the stream fails with the code `invalid` if the tar file became shorter. */
  open(name: string, signal?: AbortSignal): Promise<Readable>
}

interface Entry {
  /** The position of the content in the uncompressed tar, in bytes. */
  readonly start: number
  readonly size: number
  /** The name of the file that a link refers to. */
  readonly target?: string
}

/** More than an archive of an image or a package has; the index is in memory. */
const MAX_ENTRIES = 200_000
/** Limit for long names and PAX records of one entry; Go's archive/tar has the same limit. */
const MAX_EXTENDED_HEADER = 1024 * 1024
/** Hundreds of times the size of a large package; a crafted file of 4 MB can extract to as much. */
const MAX_UNPACKED = 64 * 1024 ** 3
const MAX_LINKS = 10
const CHUNK = 1024 * 1024

/**
 * Indexes a tar file, optionally compressed. Names are normalized: `./a//b` and `/a/b` are `a/b`; the last of several entries with
 * one name counts. Contents are not read, except those of a compressed file, which is decompressed for each file that is opened.
 * @throws CnbError `invalid` for a malformed tar, CNB_UNSUPPORTED for an unsupported compression
 */
export async function indexTarFile(path: string, invalid: ErrorCode, signal?: AbortSignal): Promise<TarFile> {
  const fail = (why: string): never => {
    throw new CnbError(invalid, `'${path}' is not a valid tar archive: ${why}`)
  }
  const from = (start: number): Readable => createReadStream(path, { start, highWaterMark: CHUNK })
  const head = from(0)
  const compressed = await isCompressed(head).finally(() => head.destroy())
  await using input = compressed ? await decompressedInput(from(0), path, invalid) : await plainInput(path)
  const entries = await readEntries(input, fail, signal)
  const resolve = (name: string): Entry | undefined => {
    let entry = entries.get(name)
    for (let links = 0; entry?.target !== undefined && links < MAX_LINKS; links++) entry = entries.get(entry.target)
    return entry?.target === undefined ? entry : undefined
  }
  return {
    path,
    invalid,
    size: (name) => resolve(name)?.size,
    open: async (name, aborted) => {
      const entry = resolve(name)
      if (!entry) throw new CnbError(invalid, `the archive '${path}' lacks the file ${name}`)
      const content = compressed
        ? part(await decompress(from(0), { source: path, invalid }), entry.start, entry.size, fail)
        : part(from(entry.start), 0, entry.size, fail)
      return aborted ? addAbortSignal(aborted, content) : content
    },
  }
}

/** Sequential reading with skips. */
interface Input extends AsyncDisposable {
  /** Returns the next bytes; fewer at the end. */
  take(length: number): Promise<Buffer>
  skip(length: number): Promise<void>
}

async function plainInput(path: string): Promise<Input> {
  const file = await open(path)
  let position = 0
  return {
    async take(length) {
      const buffer = Buffer.alloc(length)
      let filled = 0
      for (let read = 1; read > 0 && filled < length; filled += read) read = (await file.read(buffer, filled, length - filled, position + filled)).bytesRead
      position += filled
      return buffer.subarray(0, filled)
    },
    skip: (length) => Promise.resolve(void (position += length)),
    [Symbol.asyncDispose]: () => file.close(),
  }
}

async function decompressedInput(stream: Readable, path: string, invalid: ErrorCode): Promise<Input> {
  const plain = await decompress(stream, { source: path, invalid })
  const source = new ByteSource(plain)
  let total = 0
  const count = (length: number): void => {
    total += length
    if (total > MAX_UNPACKED) throw new CnbError(invalid, `'${path}' extracts to more than ${MAX_UNPACKED / 1024 ** 3} GiB`)
  }
  return {
    async take(length) {
      count(length)
      return source.gather(length)
    },
    async skip(length) {
      count(length)
      for (let left = length; left > 0; ) {
        const piece = await source.some(left)
        if (!piece) return
        left -= piece.length
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(void plain.destroy()),
  }
}

async function readEntries(input: Input, fail: (why: string) => never, signal: AbortSignal | undefined): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  let start = 0
  let long: { pax?: PaxRecords; name?: string; link?: string } = {}
  for (;;) {
    throwIfAborted(signal)
    const block = await input.take(BLOCK)
    start += BLOCK
    if (block.length === 0 || block.every((byte) => byte === 0)) return entries
    if (block.length < BLOCK) fail('it is truncated')
    const size = long.pax?.size === undefined ? sizeIn(block, fail) : Number(long.pax.size)
    const padded = size + paddingOf(size)
    const type = String.fromCharCode(block[156] ?? 0)
    if ('xgLK'.includes(type)) {
      if (size > MAX_EXTENDED_HEADER) fail('an extended header is larger than 1 MiB')
      const content = (await input.take(padded)).subarray(0, size)
      if (content.length < size) fail('it is truncated')
      const text = (): string => readString(content, 0, content.length).toString()
      if (type === 'x') long.pax = paxOf(content, fail)
      if (type === 'L') long.name = text()
      if (type === 'K') long.link = text()
    } else {
      const hasContent = '\x000\x37'.includes(type)
      const name = normal(latin1(long.pax?.path) ?? long.name ?? nameIn(block))
      const link = latin1(long.pax?.linkpath) ?? long.link ?? readString(block, 157, 100).toString()
      if (hasContent) entries.set(name, { start, size })
      else if (type === '1') entries.set(name, { start, size: 0, target: normal(link) })
      else if (type === '2') entries.set(name, { start, size: 0, target: normal(posix.join(posix.dirname(name), link)) })
      if (entries.size > MAX_ENTRIES) fail(`it has more than ${MAX_ENTRIES} entries`)
      await input.skip(padded)
      long = {}
    }
    start += padded
  }
}

function paxOf(content: Buffer, fail: (why: string) => never): PaxRecords {
  try {
    return parsePaxRecords(content)
  } catch (error) {
    return fail((error as Error).message)
  }
}

/** PAX records keep the bytes of a path as latin1. */
function latin1(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString()
}

/** Reads the size: octal, or GNU's base 256 for 8 GiB and more. */
function sizeIn(block: Buffer, fail: (why: string) => never): number {
  const isBinary = ((block[124] ?? 0) & 0x80) !== 0
  const size = isBinary ? Number(block.readBigUInt64BE(128)) : readOctal(block, 124, 12)
  return Number.isSafeInteger(size) && size >= 0 ? size : fail('an entry has an invalid size')
}

function nameIn(block: Buffer): string {
  const name = readString(block, 0, 100).toString()
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? readString(block, 345, 155).toString() : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function normal(name: string): string {
  return posix.normalize(`/${name}`).slice(1).replace(/\/$/, '')
}

/** Returns `size` bytes of a stream, after `skipped` bytes. */
function part(stream: Readable, skipped: number, size: number, fail: (why: string) => never): Readable {
  async function* bytes(): AsyncGenerator<Buffer> {
    let position = 0
    const end = skipped + size
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        const piece = chunk.subarray(Math.max(0, skipped - position), Math.max(0, end - position))
        position += chunk.length
        if (piece.length > 0) yield piece
        if (position >= end) return
      }
      if (position < end) fail('it is truncated')
    } finally {
      stream.destroy()
    }
  }
  return Readable.from(size === 0 ? (stream.destroy(), []) : bytes(), { objectMode: false })
}
