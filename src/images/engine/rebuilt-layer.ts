/**
 * The layers of a lifecycle, byte for byte, from the files of a container of their image. A lifecycle writes each name as a
 * file of its own, without extended attributes and with one time for all, so that nothing is lost in between
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

/** The files of one image, from a container of it that need not run. */
export class LayerRebuilder {
  readonly #container: Pick<Container, 'getArchive'>
  /** Directories that lie above layers, as they are in the image: each is asked for once, as old engines start a process for that. */
  readonly #parents = new Map<string, TarEntry | undefined>()

  constructor(container: Pick<Container, 'getArchive'>) {
    this.#container = container
  }

  /**
   * The entries of the layer, for one tar after the other. For the app a file as large as the app is at `scratch` meanwhile.
   * @throws CnbError CNB_ENGINE_*, CNB_OUTPUT; a layer whose files are not there lacks entries, and so has another digest
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

  /** Each directory above `path`, from the highest below the root. */
  async *#parentsOf(path: string, context: Context): AsyncGenerator<TarEntry> {
    const parent = posix.dirname(path)
    if (parent === '/') return
    yield* this.#parentsOf(parent, context)
    if (!this.#parents.has(parent)) this.#parents.set(parent, await this.#entryOf(parent, context))
    const entry = this.#parents.get(parent)
    if (entry) yield entry
  }

  /** The engine begins with the directory itself; what is in it is not wanted. */
  async #entryOf(path: string, context: Context): Promise<TarEntry | undefined> {
    for await (const { content: _, ...entry } of this.#filesBelow(path, context)) return entry.type === 'directory' ? entry : undefined
    return undefined
  }

  /** `path` itself and all below it, in the engine's order, which is the lifecycle's: each directory's names in byte order. */
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

/** Only a directory's name ends in a slash, and in a lifecycle's layer not even that. */
function withoutSlash(name: Buffer): Buffer {
  return name.at(-1) === 0x2f ? name.subarray(0, -1) : name
}
