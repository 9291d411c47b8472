/**
 * Rebuilds a lifecycle's layers, byte for byte, from the files of a container of their image.
 * Nothing is lost: a lifecycle writes each name as a separate file, without extended attributes and with a constant time
 * (lifecycle layers/{dir,slices,launcher}.go and archive/writer.go, v0.21.0).
 */

import { posix } from 'node:path'
import { readPlainTar } from '../../archive/tar/plain-tar.ts'
import type { TarEntry } from '../../archive/tar/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import type { Container } from '../../docker/engine.ts'
import { CONSTANT_MTIME } from '../../oci/constant-time.ts'
import type { LayerFiles } from './layer-files.ts'
import { inPathOrder, type FileEntry } from './path-order.ts'

const ROOT = { uid: 0, gid: 0, mtime: CONSTANT_MTIME, mode: 0o755 } as const
const LAUNCHER = '/cnb/lifecycle/launcher'

/** Reads the files of one image from its container, which need not run. */
export class LayerRebuilder {
  readonly #container: Pick<Container, 'getArchive'>
  /** The image's directories above layers, by path. Each is read once: old engines start a process for each read. */
  readonly #parents = new Map<string, TarEntry | undefined>()

  constructor(container: Pick<Container, 'getArchive'>) {
    this.#container = container
  }

  /**
   * Yields the tar entries of the layer. For the app layer, a file as large as the app exists at `scratch` meanwhile.
   * If files are missing, entries are missing too, and the tar has another digest.
   * @throws CnbError CNB_ENGINE_*, CNB_OUTPUT
   */
  async *entries(layer: LayerFiles, scratch: string, context: Context): AsyncGenerator<TarEntry> {
    switch (layer.kind) {
      case 'directory':
        yield* this.#parentsOf(layer.path, context)
        yield* this.#filesBelow(layer.path, context)
        return
      case 'app':
        yield* this.#parentsOf(layer.path, context)
        yield* inPathOrder(this.#filesBelow(layer.path, context), scratch, context)
        return
      case 'launcher':
        yield* rootDirectories('/cnb', '/cnb/lifecycle')
        for await (const entry of this.#filesBelow(LAUNCHER, context)) yield { ...entry, ...ROOT }
        return
      case 'processes':
        yield* rootDirectories('/cnb', '/cnb/process')
        for (const type of layer.types) yield { ...ROOT, type: 'symlink', name: `/cnb/process/${type}`, linkname: LAUNCHER }
    }
  }

  /** Yields each directory above `path`, from the top, without the root. */
  async *#parentsOf(path: string, context: Context): AsyncGenerator<TarEntry> {
    const parent = posix.dirname(path)
    if (parent === '/') return
    yield* this.#parentsOf(parent, context)
    if (!this.#parents.has(parent)) this.#parents.set(parent, await this.#entryOf(parent, context))
    const entry = this.#parents.get(parent)
    if (entry) yield entry
  }

  /** Returns the first entry of the engine's archive: the directory itself. Returns undefined if it is not a directory. */
  async #entryOf(path: string, context: Context): Promise<TarEntry | undefined> {
    for await (const { content: _, ...entry } of this.#filesBelow(path, context)) return entry.type === 'directory' ? entry : undefined
    return undefined
  }

  /** Yields `path` and everything below it. The order is the engine's and the lifecycle's: names of each directory in byte order. */
  async *#filesBelow(path: string, context: Context): AsyncGenerator<FileEntry> {
    const archive = await this.#container.getArchive(path, context)
    if (!archive) return
    const above = Buffer.from(posix.join(posix.dirname(path), '/'))
    for await (const entry of readPlainTar(archive, { source: `the engine's copy of ${path}`, signal: context.signal })) {
      const { type, linkname, mode, uid, gid, size, devMajor, devMinor } = entry
      const name = Buffer.concat([above, withoutSlash(entry.name)])
      yield { type, name, linkname, mode, uid, gid, mtime: CONSTANT_MTIME, size, devMajor, devMinor, content: entry.bytes ?? entry.content }
    }
  }
}

function* rootDirectories(...names: string[]): Generator<TarEntry> {
  for (const name of names) yield { ...ROOT, type: 'directory', name }
}

/** Removes the slash at the end of a directory's name, which a lifecycle does not write. */
function withoutSlash(name: Buffer): Buffer {
  return name.at(-1) === 0x2f ? name.subarray(0, -1) : name
}
