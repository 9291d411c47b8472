/**
 * Remembers the digests of files by their status, as git's index does.
 *
 * The status has device, inode and ctime, which no program can set: a copied tree, a restored backup or another machine's cache
 * matches no file.
 */

import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { readBounded } from '../../base/bounded-file.ts'
import type { Context } from '../../base/events.ts'
import { writeFileAtomically } from '../../base/files.ts'
import { FileStatus, STATUS_BYTES } from './file-status.ts'

const MAGIC = Buffer.from('cnb stat cache 1\n')
const DIGEST_BYTES = 32
/** Magic, digest of all that follows, time of the save in milliseconds. */
const HEADER_BYTES = MAGIC.length + DIGEST_BYTES + 8
/** Enough for several million files. */
const MAX_BYTES = 512 * 1024 * 1024
/** A later change within this time may leave the same status: some file systems store whole or even seconds. */
export const RACY_MS = 3000

/** The digests of one directory, for one walk; it is fastest if the files come in the order of the last walk. */
export class StatCache {
  readonly #file: string
  readonly #old: Buffer
  /** Where the walk of the last save found the next file. */
  #cursor = 0
  /** The offsets of entries by path; made when the walk differs from the last one. */
  #index: Map<string, number> | undefined
  readonly #entries: Buffer[] = []
  #isNew = false
  #length = 0
  readonly #status = new FileStatus()

  private constructor(file: string, old: Buffer) {
    this.#file = file
    this.#old = old
  }

  /** Reads the cache. A missing, damaged or too large one, and one from the future, is empty; all but the first with a warning. */
  static async open(file: string, { events, signal }: Context = {}, now = Date.now()): Promise<StatCache> {
    try {
      const { uid } = await lstat(file)
      if (uid !== (process.getuid?.() ?? uid)) throw new Error('it belongs to another user')
      const content = await readBounded(file, { max: MAX_BYTES, signal })
      const problem = problemOf(content, now)
      if (problem === undefined) return new StatCache(file, content.subarray(HEADER_BYTES))
      events?.({ type: 'warning', message: `all files of the app are read: the cache of their digests, ${file}, ${problem}` })
    } catch (error) {
      signal?.throwIfAborted()
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') events?.({ type: 'warning', message: `all files of the app are read: cannot read the cache of their digests, ${file}: ${message}` })
    }
    return new StatCache(file, Buffer.alloc(0))
  }

  /** Returns the digest of a file that has the status of the last walk, and keeps it. */
  digest(path: Buffer, stats: Stats): Buffer | undefined {
    const at = this.#find(path)
    if (at === undefined) return undefined
    const [start, end] = [at + 2 + path.length, at + 2 + path.length + STATUS_BYTES]
    this.#cursor = end + DIGEST_BYTES
    this.#status.set(stats)
    if (this.#status.bytes.compare(this.#old, start, end) !== 0) return undefined
    this.#append(this.#old.subarray(at, this.#cursor))
    return this.#old.subarray(end, this.#cursor)
  }

  /**
   * Keeps a digest for the next walk, unless the file is so young that another change could leave the same status.
   * @param stats the status before the file was read
   * @param now the time before the file was read
   */
  remember(path: Buffer, stats: Stats, digest: Buffer, now: number): void {
    if (path.length > 0xffff || Math.max(stats.mtimeMs, stats.ctimeMs) + RACY_MS > now) return
    this.#isNew = true
    const length = Buffer.alloc(2)
    length.writeUInt16LE(path.length)
    this.#status.set(stats)
    this.#append(Buffer.concat([length, path, this.#status.bytes, digest]))
  }

  /** Writes the digests of this walk. A failure is only reported: the next walk reads the files again. */
  async save({ events }: Context = {}, now = Date.now()): Promise<void> {
    if (!this.#isNew && this.#length === this.#old.length) return
    const time = Buffer.alloc(8)
    time.writeDoubleLE(now)
    const rest = [time, ...this.#entries]
    const digest = createHash('sha256')
    for (const part of rest) digest.update(part)
    try {
      await writeFileAtomically(this.#file, Buffer.concat([MAGIC, digest.digest(), ...rest]), 0o600)
    } catch (error) {
      events?.({ type: 'debug', message: `cannot write the cache of the app's file digests: ${(error as Error).message}` })
    }
  }

  #append(entry: Buffer): void {
    this.#entries.push(entry)
    this.#length += entry.length
  }

  #find(path: Buffer): number | undefined {
    const at = this.#cursor
    if (at + 2 <= this.#old.length && path.compare(this.#old, at + 2, at + 2 + this.#old.readUInt16LE(at)) === 0) return at
    this.#index ??= indexOf(this.#old)
    return this.#index.get(path.toString('latin1'))
  }
}

function problemOf(content: Buffer, now: number): string | undefined {
  if (content.length < HEADER_BYTES || !content.subarray(0, MAGIC.length).equals(MAGIC)) return 'is damaged'
  const [digest, rest] = [content.subarray(MAGIC.length, MAGIC.length + DIGEST_BYTES), content.subarray(MAGIC.length + DIGEST_BYTES)]
  if (!createHash('sha256').update(rest).digest().equals(digest)) return 'is damaged'
  // Files that were changed since then could have any time.
  return rest.readDoubleLE(0) > now ? 'has a time in the future' : undefined
}

function indexOf(entries: Buffer): Map<string, number> {
  const index = new Map<string, number>()
  for (let at = 0; at + 2 <= entries.length; ) {
    const end = at + 2 + entries.readUInt16LE(at)
    index.set(entries.toString('latin1', at + 2, end), at)
    at = end + STATUS_BYTES + DIGEST_BYTES
  }
  return index
}
