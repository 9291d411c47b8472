/** Converts a file of a host directory to a tar entry, and system errors to CnbErrors. */

import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { CnbError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { EventSink } from '../../base/events.ts'
import { guardRead } from './read-guard.ts'
import { openRegularFile } from './regular-file.ts'
import type { TarType } from '../tar/tar-header.ts'
import type { TarEntry } from '../tar/tar-writer.ts'
import type { FileSource, OpenEntry } from './walk-tree.ts'

/** Attributes that replace those of the host. */
type EntryAttributes = Partial<Pick<TarEntry, 'uid' | 'gid' | 'mode' | 'mtime'>>

export interface HostDirectoryOptions {
  /** The directory's name in the tar and prefix of all names. If empty, the directory itself has no entry. */
  readonly prefix: string
  /** `path` is relative to the directory, and empty for the directory itself. */
  readonly attributes?: (entry: TarEntry, path: Buffer) => EntryAttributes
  /** Whether additional hard links become `link` entries; otherwise each is a file, as in the lifecycle's layers. */
  readonly keepHardLinks?: boolean
  /** The error code for unreadable content; default CNB_APP_INVALID. */
  readonly invalid?: ErrorCode
  readonly events?: EventSink
}

const GIB = 1024 ** 3
/** Holes are read, sent and stored as zeros: 50 GiB of them take minutes and fill disks. */
const MAX_HOLES = 4 * GIB

/** A host directory; paths are bytes, relative to it. */
export class HostDirectory implements FileSource<Stats> {
  readonly #root: Buffer
  readonly #options: HostDirectoryOptions
  /** The first name of each file, by device and inode. */
  readonly #linked = new Map<string, Buffer>()
  /** Bytes in holes of all files so far. */
  #holes = 0

  constructor(directory: string, options: HostDirectoryOptions) {
    this.#root = Buffer.from(directory)
    this.#options = options
  }

  rootEntry(): TarEntry {
    const path = Buffer.alloc(0)
    const stats = this.#guard(path, () => statSync(this.#root))
    return this.entry(path, 'directory', stats)
  }

  stats(path: Buffer): Stats {
    return this.#guard(path, () => lstatSync(this.#hostPath(path)))
  }

  /** Returns the names in a directory, in reverse bytewise order. */
  namesIn(path: Buffer): Buffer[] {
    const names = this.#guard(path, () => readdirSync(this.#hostPath(path), { encoding: 'buffer' }))
    return names.sort((a, b) => Buffer.compare(b, a))
  }

  entry(path: Buffer, type: TarType, stats: Stats, more: Partial<TarEntry> = {}): TarEntry {
    const { uid, gid } = stats
    const own = { type, name: this.#nameOf(path), uid, gid, mode: stats.mode & 0o7777, mtime: Math.floor(stats.mtimeMs / 1000), ...more }
    return { ...own, ...this.#options.attributes?.(own, path) }
  }

  /** Opens a regular file; with `keepHardLinks`, an additional name of a file becomes a link. */
  open(path: Buffer, stats: Stats): OpenEntry {
    const link = this.link(path, stats)
    return link ? { entry: link, [Symbol.dispose]: () => {} } : this.openFile(path)
  }

  /** Opens the first name of a regular file. */
  protected openFile(path: Buffer): OpenEntry {
    const file = this.#guard(path, () => openRegularFile(this.#hostPath(path)))
    try {
      const { size } = file.stats
      this.#holes += this.#guard(path, () => file.holes())
      if (this.#holes > MAX_HOLES) throw this.#tooSparse(path, size)
      const content = this.#guard(path, () => file.content())
      return { entry: this.entry(path, 'file', file.stats, { size, content }), [Symbol.dispose]: () => file[Symbol.dispose]() }
    } catch (error) {
      file[Symbol.dispose]()
      throw error
    }
  }

  /** Returns the entry of an additional name of a file, with `keepHardLinks`; undefined for its first name. Call it once for each name. */
  link(path: Buffer, stats: Stats): TarEntry | undefined {
    const first = this.#firstName(path, stats)
    return first && this.entry(path, 'link', stats, { linkname: first })
  }

  /** Returns a symbolic link or FIFO; undefined for types that an image cannot contain. */
  special(path: Buffer, stats: Stats): TarEntry | undefined {
    if (stats.isSymbolicLink()) {
      const linkname = this.#guard(path, () => readlinkSync(this.#hostPath(path), { encoding: 'buffer' }))
      return this.entry(path, 'symlink', stats, { linkname })
    }
    if (stats.isFIFO()) return this.entry(path, 'fifo', stats)
    const [type, what] = stats.isSocket() ? (['info', 'socket'] as const) : (['warning', 'device'] as const)
    this.#options.events?.({ type, message: `skipped the ${what} ${this.#hostPath(path).toString()}` })
    return undefined
  }

  #tooSparse(path: Buffer, size: number): CnbError {
    const file = this.#hostPath(path).toString()
    const message = `cannot read ${file}: with this sparse file of ${(size / GIB).toFixed(1)} GiB, holes exceed the limit of ${MAX_HOLES / GIB} GiB per directory`
    return new CnbError(this.#options.invalid ?? 'CNB_APP_INVALID', message, {
      hint: `Remove it, or exclude it: exclude = [${JSON.stringify(`/${path.toString()}`)}] below [io.buildpacks] in project.toml.`,
    })
  }

  #nameOf(path: Buffer): Buffer {
    const { prefix } = this.#options
    if (prefix === '') return path
    return Buffer.concat(path.length === 0 ? [Buffer.from(prefix)] : [Buffer.from(`${prefix}/`), path])
  }

  #hostPath(path: Buffer): Buffer {
    return path.length === 0 ? this.#root : Buffer.concat([this.#root, Buffer.from('/'), path])
  }

  #firstName(path: Buffer, stats: Stats): Buffer | undefined {
    if (!this.#options.keepHardLinks || stats.nlink < 2) return undefined
    // Inode numbers exceed 2^53 on some file systems; rounded, two files could look like one and the second would be lost.
    const { dev, ino } = this.#guard(path, () => lstatSync(this.#hostPath(path), { bigint: true }))
    const key = `${dev}:${ino}`
    const first = this.#linked.get(key)
    if (!first) this.#linked.set(key, this.#nameOf(path))
    return first
  }

  #guard<T>(path: Buffer, call: () => T): T {
    return guardRead(this.#hostPath(path), path.length > 0, this.#options.invalid ?? 'CNB_APP_INVALID', call)
  }
}
