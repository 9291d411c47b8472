/** A zip archive (.zip, .jar, .war) as a tree of files, for --path. */

import { closeSync, constants, openSync } from 'node:fs'
import type { Entry } from 'yauzl'
import { CnbError } from '../../base/errors.ts'
import type { Context, EventSink } from '../../base/events.ts'
import type { TarEntry } from '../tar/tar-writer.ts'
import type { FileSource, NodeKind, OpenEntry } from '../files/walk-tree.ts'
import { zipMode, type ZipKind } from './zip-attributes.ts'
import { readZipContent, streamZipContent } from './zip-content.ts'
import { readZipDirectory } from './zip-directory.ts'
import { findLinkOut } from './zip-names.ts'
import { zipPath } from './zip-names.ts'

export interface ZipTreeOptions extends Context {
  /** The root's name in the tar. */
  readonly prefix: string
  readonly uid: number
  readonly gid: number
  readonly rootMode: number
  /** The archive's name in errors; default: the app and its path. */
  readonly name?: string
}

/** Contents up to this size are read before their entry is returned. */
const SMALL = 64 * 1024
const MAX_TARGET = 4096
/** Includes directories that occur only in the paths of others. */
const MAX_NODES = 1_000_000

/** An archive in errors. */
interface Archive {
  readonly path: string
  readonly name: string | undefined
}

class ZipNode implements NodeKind {
  readonly kind: ZipKind
  readonly mode: number
  /** Absent for a directory that occurs only in the paths of others. */
  readonly entry: Entry | undefined
  readonly mtime: number
  readonly names: string[]

  constructor(kind: ZipKind, mode: number, mtime: number, entry?: Entry, names: string[] = []) {
    this.kind = kind
    this.mode = mode
    this.mtime = mtime
    this.entry = entry
    this.names = names
  }

  isDirectory(): boolean {
    return this.kind === 'directory'
  }

  isFile(): boolean {
    return this.kind === 'file'
  }
}

/** An open archive; disposal closes it. */
export class ZipTree implements FileSource<ZipNode>, Disposable {
  readonly #archive: Archive
  readonly #fd: number
  readonly #base: number
  readonly #options: ZipTreeOptions
  /** By path, latin1 text; the root's path is empty. */
  readonly #nodes = new Map<string, ZipNode>([['', new ZipNode('directory', 0o755, 0)]])
  readonly #targets = new Map<string, string>()

  private constructor(path: string, fd: number, base: number, entries: readonly Entry[], options: ZipTreeOptions) {
    this.#archive = { path, name: options.name }
    this.#fd = fd
    this.#base = base
    this.#options = options
    for (const entry of entries) this.#add(entry)
    const out = this.#guard('', () => findLinkOut(this.#targets))
    if (out !== undefined) throw zipError(this.#archive, `contains the link ${quoted(out)}, which leads out of it`)
  }

  /**
   * Opens an archive and validates all names, links and sizes.
   * @returns undefined if the file is not a zip archive
   * @throws CnbError CNB_APP_INVALID for names and links that lead out, duplicate names, decompression bombs and damaged archives;
   *   CNB_UNSUPPORTED for encryption and compression methods other than deflate. Contents also fail with CNB_APP_INVALID
   */
  static async open(path: string, options: ZipTreeOptions): Promise<ZipTree | undefined> {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const directory = await readZipDirectory(fd, (problem) => zipError({ path, name: options.name }, problem), options.signal)
      if (directory) return new ZipTree(path, fd, directory.base, directory.entries, options)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    closeSync(fd)
    return undefined
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  /** Returns the text of a file at the archive's root; undefined if absent. @throws CnbError CNB_APP_INVALID */
  text(name: string, maxBytes: number): string | undefined {
    const node = this.#nodes.get(name)
    if (!node) return undefined
    if (node.kind !== 'file' || !node.entry) throw zipError(this.#archive, `contains ${quoted(name)}, which is a ${node.kind}, not a file`)
    if (node.entry.uncompressedSize > maxBytes) throw zipError(this.#archive, `contains ${quoted(name)}, which is larger than ${maxBytes} bytes`)
    return this.#read(name, node.entry).toString('utf8')
  }

  rootEntry(): TarEntry {
    const { prefix, uid, gid, rootMode } = this.#options
    return { type: 'directory', name: prefix, mode: rootMode, uid, gid, mtime: 0 }
  }

  namesIn(path: Buffer): Buffer[] {
    const names = this.stats(path).names.map((name) => Buffer.from(name, 'latin1'))
    return names.sort((a, b) => Buffer.compare(b, a))
  }

  stats(path: Buffer): ZipNode {
    const node = this.#nodes.get(path.toString('latin1'))
    if (node) return node
    throw new CnbError('CNB_INTERNAL', `cannot find ${path.toString()} in the archive ${this.#archive.path}`)
  }

  entry(path: Buffer, type: TarEntry['type'], { mode, mtime }: ZipNode, more: Partial<TarEntry> = {}): TarEntry {
    const { prefix, uid, gid } = this.#options
    return { type, name: Buffer.concat([Buffer.from(`${prefix}/`), path]), mode, uid, gid, mtime, ...more }
  }

  open(path: Buffer, node: ZipNode): OpenEntry {
    const { entry } = node
    const name = path.toString('latin1')
    const size = entry?.uncompressedSize ?? 0
    const isSmall = size <= SMALL && (entry?.compressedSize ?? 0) <= SMALL
    const wrong = (error: Error): Error => this.#wrong(name, error)
    const content = !entry ? undefined : isSmall ? this.#read(name, entry) : () => streamZipContent(this.#fd, this.#base, entry, wrong)
    return { entry: this.entry(path, 'file', node, { size, content }), [Symbol.dispose]: () => {} }
  }

  special(path: Buffer, node: ZipNode): TarEntry | undefined {
    const target = this.#targets.get(path.toString('latin1'))
    if (target !== undefined) return this.entry(path, 'symlink', node, { linkname: Buffer.from(target, 'latin1') })
    if (node.kind === 'fifo') return this.entry(path, 'fifo', node)
    leftOut(this.#options.events, node.kind, path, this.#archive.path)
    return undefined
  }

  #add(entry: Entry): void {
    const shown = entry.fileNameRaw.toString('latin1')
    const parts = this.#guard(shown, () => zipPath(entry))
    const { kind, mode } = zipMode(entry)
    const time = Math.floor(entry.getLastModDate({ timezone: 'UTC' }).getTime() / 1000)
    const mtime = Number.isSafeInteger(time) ? time : 0
    if (kind === 'directory' && entry.uncompressedSize > 0) throw this.#wrong(shown, new Error('is a directory with content'))
    if (parts.length === 0) {
      if (kind === 'directory') return
      throw this.#wrong(shown, new Error('has the name of the app directory'))
    }
    const parent = this.#makeParents(shown, parts, mtime)
    const path = parts.join('/')
    const known = this.#nodes.get(path)
    // Some writers list a directory twice.
    if (known && !(known.kind === 'directory' && kind === 'directory')) throw this.#wrong(shown, new Error('occurs twice'))
    this.#nodes.set(path, new ZipNode(kind, mode, mtime, entry, known?.names))
    if (!known) parent.names.push(parts.at(-1) ?? '')
    if (kind === 'symlink') this.#targets.set(path, this.#targetOf(shown, entry))
  }

  /** Creates directories without an entry, with the mode of an extracted directory. */
  #makeParents(shown: string, parts: readonly string[], mtime: number): ZipNode {
    let parent = this.#nodes.get('')
    for (let length = 1; parent && length < parts.length; length++) {
      const path = parts.slice(0, length).join('/')
      let node = this.#nodes.get(path)
      if (node && node.kind !== 'directory') throw this.#wrong(shown, new Error(`is below ${quoted(path)}, which is a ${node.kind}`))
      if (!node) {
        node = new ZipNode('directory', 0o755, mtime)
        this.#nodes.set(path, node)
        parent.names.push(parts[length - 1] ?? '')
      }
      parent = node
    }
    if (!parent || this.#nodes.size > MAX_NODES) throw zipError(this.#archive, `has more than ${MAX_NODES} files and directories`)
    return parent
  }

  #targetOf(shown: string, entry: Entry): string {
    if (entry.uncompressedSize > MAX_TARGET || entry.compressedSize > 2 * MAX_TARGET) throw this.#wrong(shown, new Error('is a link with a target that is too long'))
    const target = this.#read(shown, entry).toString('latin1')
    if (target === '' || target.includes('\0')) throw this.#wrong(shown, new Error('is a link without a target'))
    return target
  }

  #read(shown: string, entry: Entry): Buffer {
    return this.#guard(shown, () => readZipContent(this.#fd, this.#base, entry))
  }

  #guard<T>(shown: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#wrong(shown, error as Error)
    }
  }

  #wrong(shown: string, error: Error): CnbError {
    if (error instanceof CnbError) return error
    return zipError(this.#archive, shown === '' ? error.message : `is invalid: ${quoted(shown)} ${error.message}`)
  }
}

function leftOut(events: EventSink | undefined, kind: ZipKind, path: Buffer, archive: string): void {
  events?.({ type: kind === 'socket' ? 'info' : 'warning', message: `skipped the ${kind} ${path.toString()} of ${archive}` })
}

function quoted(latin1: string): string {
  return JSON.stringify(Buffer.from(latin1, 'latin1').toString())
}

function zipError({ path, name }: Archive, problem: string): CnbError {
  const hint = name === undefined ? 'Extract it, check its content, and pass the directory with --path.' : 'Extract it, and check its content.'
  return new CnbError('CNB_APP_INVALID', `${name ?? `the app ${path}`} ${problem}`, { hint })
}
