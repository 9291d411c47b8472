/** The files of a container of FakeEngine: a flat map by absolute path, with volumes shared between containers. */

import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { extract, pack, type Header } from 'tar-stream'

export interface FakeFile {
  readonly header: Partial<Header> & { name: string }
  readonly content: Buffer
}

export class FakeFiles {
  readonly #own = new Map<string, FakeFile>()
  readonly #volumes: { target: string; files: Map<string, FakeFile> }[] = []

  /** Makes what is under `target` that of a volume, whose paths are kept relative to it. */
  mount(target: string, files: Map<string, FakeFile>): void {
    this.#volumes.push({ target: posix.resolve(target), files })
  }

  read(path: string): Buffer | undefined {
    const [files, key] = this.#locate(posix.resolve(path))
    return files.get(key)?.content
  }

  write(path: string, content: string | Buffer): void {
    this.#set(posix.resolve(path), { header: { name: path, type: 'file', mode: 0o644 }, content: Buffer.from(content) })
  }

  add(root: string, entries: readonly (FakeFile & { name: string })[]): void {
    for (const { name, header, content } of entries) this.#set(posix.resolve('/', root, name), { header, content })
  }

  /** Whether there is a file or directory; a directory may be known only by what is in it. */
  has(path: string): boolean {
    const at = posix.resolve(path)
    const names = [...this.#all().map(([name]) => name), ...this.#volumes.map(({ target }) => target)]
    return at === '/' || names.some((name) => name === at || name.startsWith(`${at}/`))
  }

  /** The tar of a path, whose entries start with its base name. */
  archive(path: string): Readable {
    const at = posix.resolve(path)
    const parent = posix.dirname(at)
    const archive = pack()
    for (const [name, { header, content }] of this.#all().sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (name === at || name.startsWith(at === '/' ? '/' : `${at}/`)) {
        archive.entry({ ...header, name: posix.relative(parent, name), size: content.length }, content)
      }
    }
    archive.finalize()
    return Readable.from(archive)
  }

  #set(path: string, file: FakeFile): void {
    const [files, key] = this.#locate(path)
    files.set(key, file)
  }

  #locate(path: string): [Map<string, FakeFile>, string] {
    const volume = this.#volumes.find(({ target }) => path === target || path.startsWith(`${target}/`))
    return volume ? [volume.files, path.slice(volume.target.length)] : [this.#own, path]
  }

  #all(): [string, FakeFile][] {
    const mounted = this.#volumes.flatMap(({ target, files }) => [...files].map(([key, file]): [string, FakeFile] => [target + key, file]))
    return [...this.#own, ...mounted]
  }
}

/** All entries of a tar that is in memory. */
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

/** A tar of regular files, as a stream. */
export function packFiles(files: readonly (readonly [name: string, content: Buffer | string, mode?: number])[]): Readable {
  const archive = pack()
  for (const [name, content, mode] of files) archive.entry({ name, mode: mode ?? 0o644, mtime: new Date(0) }, content)
  archive.finalize()
  return Readable.from(archive)
}
