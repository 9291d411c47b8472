/** Reads the files of a container through the engine's archive endpoint. */

import { posix } from 'node:path'
import { readPlainTar } from '../../../archive/tar/plain-tar.ts'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
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
      const source = `the engine's archive of ${path}`
      return tar && absolute(readPlainTar(tar, { source, signal: context.signal }), path)
    },
  }
}

/**
 * Returns a reader of the build's files: the app from the extender's container if there is one, everything else from the build's
 * container, because code that runs as root can change all files of the extender's.
 */
export function buildFiles(container: Pick<Container, 'getArchive'>, extender: Pick<Container, 'getArchive'> | undefined): BuildFiles {
  const files = containerFiles(container)
  const app = extender ? containerFiles(extender) : files
  // The app is never below these (--workspace).
  const isOfBuild = (path: string): boolean => [LAYERS_DIR, '/cnb'].some((directory) => path === directory || path.startsWith(`${directory}/`))
  return { read: (path, context) => (isOfBuild(path) ? files : app).read(path, context) }
}

/** Makes names absolute, which the engine starts with the last component of `path`, and checks their order. */
async function* absolute(entries: ReturnType<typeof readPlainTar>, path: string): AsyncGenerator<TarReadEntry, void, undefined> {
  const parent = Buffer.from(path.slice(0, path.lastIndexOf('/') + 1))
  const root = Buffer.from(path)
  const tree = new TreeOrder(root)
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
  /** The directories that contain the last entry, and the last entry itself if it is a directory. */
  readonly #open: Buffer[] = []
  #last: Buffer | undefined

  constructor(root: Buffer) {
    this.#root = root
  }

  add(entry: TarReadEntry): void {
    const { name } = entry
    if (!this.#last ? !name.equals(this.#root) : compareInWalk(this.#last, name) >= 0 || !this.#hasParent(name)) {
      const after = this.#last ? ` after ${JSON.stringify(this.#last.toString())}` : ''
      throw new CnbError('CNB_ENGINE_FAILED', `the engine's archive of ${this.#root.toString()} has an unexpected entry ${JSON.stringify(name.toString())}${after}`)
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
