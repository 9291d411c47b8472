/** The files of a container of FakeEngine: a flat map by absolute path, with shared volumes. */

import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { extract, pack, type Header } from 'tar-stream'

export interface FakeFile {
  readonly header: Partial<Header> & { name: string }
  readonly content: Buffer
  /** Changes with each write, as change time and inode of a real file do. */
  readonly stamp?: number
}

/** A directory that exists only because it has entries. */
const IMPLIED: FakeFile = { header: { name: '', type: 'directory', mode: 0o755 }, content: Buffer.alloc(0) }

let stamps = 0

export class FakeFiles {
  readonly #own = new Map<string, FakeFile>()
  readonly #volumes: { target: string; files: Map<string, FakeFile> }[] = []

  /** Mounts a volume at `target`; the volume has paths relative to it. */
  mount(target: string, files: Map<string, FakeFile>): void {
    this.#volumes.push({ target: posix.resolve(target), files })
  }

  read(path: string): Buffer | undefined {
    const [files, key] = this.#locate(posix.resolve(path))
    return files.get(key)?.content
  }

  /** @param header fields that differ from a regular file owned by root */
  write(path: string, content: string | Buffer, header: Partial<Header> = {}): void {
    this.#set(posix.resolve(path), { header: { name: path, type: 'file', mode: 0o644, ...header }, content: Buffer.from(content) })
  }

  /** Removes a path and everything below it. */
  remove(path: string): void {
    for (const [name] of this.list(path)) {
      const [files, key] = this.#locate(name)
      files.delete(key)
    }
  }

  /** Returns a path and everything below it as absolute paths, each directory before its entries, names in byte order. */
  list(path: string): [string, FakeFile][] {
    const at = posix.resolve(path)
    const isBelow = (name: string): boolean => name === at || name.startsWith(at === '/' ? '/' : `${at}/`)
    const found = new Map(this.#all().filter(([name]) => isBelow(name)))
    for (const name of [...found.keys(), ...this.#volumes.map(({ target }) => target).filter(isBelow)]) {
      for (let parent = name; isBelow(parent) && parent !== '/'; parent = posix.dirname(parent)) {
        if (!found.has(parent)) found.set(parent, IMPLIED)
      }
    }
    const order = (name: string): string => name.replaceAll('/', '\0')
    return [...found].sort(([a], [b]) => (order(a) < order(b) ? -1 : 1))
  }

  add(root: string, entries: readonly (FakeFile & { name: string })[]): void {
    for (const { name, header, content } of entries) this.#set(posix.resolve('/', root, name), { header, content })
  }

  /** Whether a file or directory exists; a directory exists if it has entries. */
  has(path: string): boolean {
    const at = posix.resolve(path)
    const names = [...this.#all().map(([name]) => name), ...this.#volumes.map(({ target }) => target)]
    return at === '/' || names.some((name) => name === at || name.startsWith(`${at}/`))
  }

  /** Returns the tar of a path; names start with its base name. */
  archive(path: string): Readable {
    const at = posix.resolve(path)
    const parent = posix.dirname(at)
    const archive = pack()
    for (const [name, { header, content }] of this.list(at)) archive.entry({ ...header, name: posix.relative(parent, name), size: content.length }, content)
    archive.finalize()
    return Readable.from(archive)
  }

  #set(path: string, file: FakeFile): void {
    const [files, key] = this.#locate(path)
    files.set(key, { ...file, stamp: ++stamps })
  }

  #locate(path: string): [Map<string, FakeFile>, string] {
    const volume = this.#volumes.find(({ target }) => path === target || path.startsWith(`${target}/`))
    return volume ? [volume.files, path.slice(volume.target.length)] : [this.#own, path]
  }

  #all(): [string, FakeFile][] {
    const mounted = this.#volumes.flatMap(({ target, files }) => [...files].map(([key, file]): [string, FakeFile] => [target + key, file]))
    // A mount hides the image's files below it.
    return [...[...this.#own].filter(([path]) => this.#locate(path)[0] === this.#own), ...mounted]
  }
}

/** Returns all entries of a tar in memory. */
export async function readTar(tar: Buffer): Promise<(FakeFile & { name: string })[]> {
  const entries: (FakeFile & { name: string })[] = []
  const parser = Readable.from([tar]).pipe(extract())
  for await (const entry of parser) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    entries.push({ name: entry.header.name, header: entry.header, content: Buffer.concat(chunks) })
  }
  return entries
}

/** Returns a tar of regular files as a stream. */
export function packFiles(files: readonly (readonly [name: string, content: Buffer | string, mode?: number])[]): Readable {
  const archive = pack()
  for (const [name, content, mode] of files) archive.entry({ name, mode: mode ?? 0o644, mtime: new Date(0) }, content)
  archive.finalize()
  return Readable.from(archive)
}
