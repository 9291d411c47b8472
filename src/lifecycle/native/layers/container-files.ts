/** Reads the files of a container through the engine's archive endpoint. */

import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { readPlainTar } from '../../../archive/tar/plain-tar.ts'
import type { PlainEntry } from '../../../archive/tar/plain-entry.ts'
import type { ReadTarOptions, TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { LAYERS_DIR } from '../../phase.ts'
import type { BuildFiles } from '../model.ts'
import { compareInWalk } from './walk-order.ts'

/**
 * Returns a reader of the files of `container`, which need not run. Paths are absolute and normalized (`/layers/x`, not `/`). A link
 * at `path` is not followed. The engine omits sockets; extended attributes are dropped. Reading an entry throws CnbError
 * CNB_ENGINE_FAILED if the engine's tar is not a tree at `path` in walk order.
 */
export function containerFiles(container: Pick<Container, 'getArchive'>): BuildFiles {
  return {
    async read(path: string, context: Context): Promise<AsyncIterable<TarReadEntry> | undefined> {
      if (path === '/' || posix.resolve(path) !== path) throw new CnbError('CNB_INTERNAL', `'${path}' is not an absolute, normalized path`)
      const tar = await container.getArchive(path, context)
      return tar && treeAt(path, tar, { source: `the engine's archive of ${path}`, invalid: 'CNB_ENGINE_FAILED' }, context)
    },
  }
}

/** The name of an archive, and the code of the errors for an invalid one. */
type ArchiveOrigin = Required<Pick<ReadTarOptions, 'source' | 'invalid'>>

/** Yields the entries of `tar` as BuildFiles does. Reading throws the origin's code if they are not a tree at `path` in walk order. */
export function treeAt(path: string, tar: Readable, origin: ArchiveOrigin, { signal }: Context): AsyncGenerator<PlainEntry, void, undefined> {
  return absolute(readPlainTar(tar, { ...origin, signal }), path, origin)
}

/** The readers of a build's containers. */
export interface ContainerReaders {
  /** The build's container, through the engine. */
  readonly container: BuildFiles
  /** The same container, through its own programs. */
  readonly session?: BuildFiles
  readonly extender?: BuildFiles
}

/**
 * Returns a reader of the build's files: the app from the extender's container if there is one, everything else from the build's
 * container, because code that runs as root can change all files of the extender's. Files that the build user cannot write come from
 * the engine.
 */
export function buildFiles({ container, session = container, extender = session }: ContainerReaders): BuildFiles {
  const isIn = (directory: string, path: string): boolean => path === directory || path.startsWith(`${directory}/`)
  // The app is never below these (--workspace).
  const reader = (path: string): BuildFiles => (isIn('/cnb', path) ? container : isIn(LAYERS_DIR, path) ? session : extender)
  return { read: (path, context) => reader(path).read(path, context), list: async (path) => reader(path).list?.(path) }
}

/** Makes names absolute, which the engine starts with the last component of `path`, and checks their order. */
async function* absolute(entries: ReturnType<typeof readPlainTar>, path: string, origin: ArchiveOrigin): ReturnType<typeof readPlainTar> {
  const parent = Buffer.from(path.slice(0, path.lastIndexOf('/') + 1))
  const root = Buffer.from(path)
  const tree = new TreeOrder(root, origin)
  for await (const entry of entries) {
    entry.name = within(parent, entry.name)
    if (entry.type === 'link' && entry.linkname) entry.linkname = within(parent, entry.linkname)
    tree.add(entry)
    yield entry
  }
}

const SLASH = 0x2f

/** Joins both names without the trailing slash of directories. */
function within(parent: Buffer, name: Buffer): Buffer {
  const length = name.at(-1) === SLASH ? name.length - 1 : name.length
  const whole = Buffer.allocUnsafe(parent.length + length)
  parent.copy(whole)
  name.copy(whole, parent.length, 0, length)
  return whole
}

/** Checks that entries form one tree, depth first, with each directory's names in byte order and without duplicates. */
class TreeOrder {
  readonly #root: Buffer
  readonly #origin: ArchiveOrigin
  /** The directories that contain the last entry, and the last entry itself if it is a directory. */
  readonly #open: Buffer[] = []
  #last: Buffer | undefined

  constructor(root: Buffer, origin: ArchiveOrigin) {
    this.#root = root
    this.#origin = origin
  }

  add(entry: TarReadEntry): void {
    const { name } = entry
    if (!this.#last ? !name.equals(this.#root) : compareInWalk(this.#last, name) >= 0 || !this.#hasParent(name)) {
      const after = this.#last ? ` after ${JSON.stringify(this.#last.toString())}` : ''
      throw new CnbError(this.#origin.invalid, `${this.#origin.source} has an unexpected entry ${JSON.stringify(name.toString())}${after}`)
    }
    this.#last = name
    if (entry.type === 'directory') this.#open.push(name)
  }

  #hasParent(name: Buffer): boolean {
    const slash = name.lastIndexOf(SLASH)
    const base = name.length - slash - 1
    if (base === 0 || (name[slash + 1] === DOT && (base === 1 || (base === 2 && name[slash + 2] === DOT)))) return false
    for (let top = this.#open.at(-1); top; top = this.#open.at(-1)) {
      if (top.length === slash && top.compare(name, 0, slash) === 0) return true
      this.#open.pop()
    }
    return false
  }
}

const DOT = 0x2e
