/** Writes the entries of untrusted archives, layer upon layer, to a directory on the host. */

import { closeSync, constants, fchmodSync, openSync, writeFileSync } from 'node:fs'
import { chmod, link, lstat, mkdir, open, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { writeWhole } from '../base/files.ts'
import { componentsOf, hostPath, shownPath } from './host-path.ts'
import type { TarReadEntry } from './tar/tar-reader.ts'
import type { TarEntry } from './tar/tar-writer.ts'
import { findLinkOut } from './zip/zip-names.ts'

/** An entry of any archive. */
export type ArchiveEntry = TarEntry & Pick<TarReadEntry, 'bytes'>

export interface TreeLimits {
  /** The number of files and directories. */
  readonly files: number
  /** The size of all files, in bytes. */
  readonly bytes: number
}

export interface TreeOptions extends Context {
  /** The name of the archive, for messages. */
  readonly source: string
  readonly limits: TreeLimits
}

export interface AddOptions {
  /** The directory for the entries; default: the root. */
  readonly at?: string
  /** Whether names that begin with `.wh.` delete files of earlier layers (https://github.com/opencontainers/image-spec, "Whiteouts"). */
  readonly whiteouts?: boolean
}

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

/**
 * Writes archives to a directory that is empty and that nothing else changes. The last entry of a name wins. Links are not followed while
 * the archives are written; those that lead out of the directory are refused at the end. Owners and set-id bits are dropped, the umask
 * has no effect, and the user can always read the result. Devices, sockets and pipes are skipped.
 */
export class TreeWriter {
  readonly #directory: string
  readonly #options: TreeOptions
  /** Directories that exist; each is a real directory, not a link to one. */
  readonly #directories = new Set<string>()
  /** Targets by path. Files may have replaced some of the links since. */
  readonly #links = new Map<string, string>()
  #files = 0
  #bytes = 0

  constructor(directory: string, options: TreeOptions) {
    this.#directory = directory
    this.#options = options
  }

  /** Writes the entries. @throws CnbError CNB_APP_INVALID for names that lead out and for exceeded limits, CNB_OUTPUT, and errors of `entries` */
  async add(entries: AsyncIterable<ArchiveEntry>, { at = '', whiteouts = false }: AddOptions = {}): Promise<void> {
    /** The paths of this layer, which its own deletions keep. */
    const own = new Set<string>()
    for await (const entry of entries) {
      throwIfAborted(this.#options.signal)
      const parts = [...this.#partsOf(at), ...this.#partsOf(entry.name)]
      const name = parts.at(-1)
      if (name === undefined) continue
      if (entry.type !== 'directory') this.#count(entry.type === 'file' ? entry.size : 0)
      try {
        if (whiteouts && name.startsWith(WHITEOUT)) await this.#delete(parts, own)
        else await this.#write(parts, entry)
      } catch (error) {
        throwIfAborted(this.#options.signal)
        if (error instanceof CnbError) throw error
        const { syscall, message } = error as NodeJS.ErrnoException
        if (syscall === undefined) throw this.#invalid(`the content of ${JSON.stringify(shownPath(parts))} cannot be read: ${message}`)
        throw new CnbError('CNB_OUTPUT', `cannot write ${shownPath(parts)} of ${this.#options.source}: ${message}`, { cause: error })
      }
      if (whiteouts) for (let depth = 1; depth <= parts.length; depth++) own.add(parts.slice(0, depth).join('/'))
    }
  }

  /** Refuses links that lead out of the directory. @throws CnbError CNB_APP_INVALID */
  async finish(): Promise<void> {
    for (const path of this.#links.keys()) {
      const target = await readlink(hostPath(this.#directory, [path]), 'latin1').catch(() => undefined)
      if (target === undefined) this.#links.delete(path)
      else this.#links.set(path, target)
    }
    let out: string | undefined
    try {
      out = findLinkOut(this.#links)
    } catch (error) {
      throw this.#invalid((error as Error).message)
    }
    if (out !== undefined) throw this.#invalid(`the link ${JSON.stringify(shownPath([out]))} leads out of it`, 'Remove the link from the source.')
  }

  #partsOf(name: string | Buffer): string[] {
    try {
      return componentsOf(Buffer.from(name))
    } catch {
      throw this.#invalid(`the path ${JSON.stringify(name.toString())} leads out of it`)
    }
  }

  #count(size = 0): void {
    const { files, bytes } = this.#options.limits
    this.#files++
    this.#bytes += size
    if (this.#files > files) throw this.#invalid(`it has more than ${files} files and directories, the limit of a source`)
    if (this.#bytes > bytes) throw this.#invalid(`its files have more than ${bytes} bytes, the limit of a source`)
  }

  #invalid(problem: string, hint?: string): CnbError {
    return new CnbError('CNB_APP_INVALID', `cannot use ${this.#options.source}: ${problem}`, { hint })
  }

  async #write(parts: readonly string[], entry: ArchiveEntry): Promise<void> {
    if (entry.type === 'directory') return this.#makeDirectory(parts)
    await this.#makeDirectory(parts.slice(0, -1))
    const path = hostPath(this.#directory, parts)
    if (entry.type === 'file') await this.#replacing(path, () => writeFile(path, entry))
    else if (entry.type === 'symlink') {
      const target = Buffer.from(entry.linkname ?? '')
      this.#links.set(parts.join('/'), target.toString('latin1'))
      await this.#replacing(path, () => symlink(target, path))
    } else if (entry.type === 'link') await this.#hardLink(parts, path, entry)
  }

  /** Creates the directory and its parents. Each is checked from the root down, and a link or file in its place is replaced. */
  async #makeDirectory(parts: readonly string[]): Promise<void> {
    if (this.#directories.has(parts.join('/'))) return
    for (let depth = 1; depth <= parts.length; depth++) {
      const key = parts.slice(0, depth).join('/')
      if (this.#directories.has(key)) continue
      const path = hostPath(this.#directory, parts.slice(0, depth))
      const found = await lstat(path).catch(() => undefined)
      if (found && !found.isDirectory()) await rm(path)
      if (!found?.isDirectory()) {
        this.#count()
        await mkdir(path)
        await chmod(path, 0o755)
      }
      this.#directories.add(key)
    }
  }

  /** A hard link to an earlier entry. */
  async #hardLink(parts: readonly string[], path: Buffer, { linkname = '' }: ArchiveEntry): Promise<void> {
    const source = this.#partsOf(linkname)
    if (source.join('/') === parts.join('/')) return
    const from = hostPath(this.#directory, source)
    if (source.length > 1) await this.#makeDirectory(source.slice(0, -1))
    const found = await lstat(from).catch(() => undefined)
    if (found?.isSymbolicLink()) return this.#write(parts, { type: 'symlink', name: '', linkname: await readlink(from, 'buffer'), mode: 0, uid: 0, gid: 0, mtime: 0 })
    if (!found?.isFile()) throw this.#invalid(`the link ${JSON.stringify(shownPath(parts))} leads to no file of it`)
    await this.#replacing(path, () => link(from, path))
  }

  /** Creates a file; an existing one of any type is removed first. */
  async #replacing(path: Buffer, create: () => Promise<void>): Promise<void> {
    try {
      await create()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      await this.#remove(path)
      await create()
    }
  }

  async #remove(path: Buffer): Promise<void> {
    const found = await lstat(path).catch(() => undefined)
    // The directories below are not listed by path.
    if (found?.isDirectory()) this.#directories.clear()
    await rm(path, { recursive: true, force: true })
  }

  async #delete(parts: readonly string[], own: ReadonlySet<string>): Promise<void> {
    const [parents, name] = [parts.slice(0, -1), parts.at(-1) ?? '']
    await this.#makeDirectory(parents)
    if (name === OPAQUE) await this.#deleteBelow(parents, own)
    else await this.#removeNamed([...parents, name.slice(WHITEOUT.length)])
  }

  async #deleteBelow(parents: readonly string[], own: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(hostPath(this.#directory, parents), 'latin1')) {
      const parts = [...parents, name]
      const key = parts.join('/')
      if (!own.has(key)) await this.#remove(hostPath(this.#directory, parts))
      else if ((await lstat(hostPath(this.#directory, parts))).isDirectory()) await this.#deleteBelow(parts, own)
    }
  }

  async #removeNamed(parts: readonly string[]): Promise<void> {
    // A name such as `.wh...` must not lead out.
    if (this.#partsOf(Buffer.from(parts.join('/'), 'latin1')).length === parts.length) await this.#remove(hostPath(this.#directory, parts))
  }
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
const FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW

async function writeFile(path: Buffer, { bytes, content, mode, size = 0 }: ArchiveEntry): Promise<void> {
  const source = size === 0 ? Buffer.alloc(0) : (bytes ?? (typeof content === 'function' ? await content() : content) ?? Buffer.alloc(0))
  const readable = (mode & 0o755) | 0o600
  if (Buffer.isBuffer(source)) {
    // For thousands of small files, asynchronous calls take twice as long.
    const file = openSync(path, FLAGS, 0o600)
    try {
      writeFileSync(file, source)
      fchmodSync(file, readable)
    } finally {
      closeSync(file)
    }
    return
  }
  const file = await open(path, FLAGS, 0o600)
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) await writeWhole(file, chunk)
    await file.chmod(readable)
  } finally {
    await file.close()
  }
}
