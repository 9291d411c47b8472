/** The files of a container, as the engine's `GET archive` gives them. */

import { posix } from 'node:path'
import { readPlainTar } from '../../../archive/tar/plain-tar.ts'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { APP_DIR } from '../../phase.ts'
import type { BuildFiles } from '../model.ts'
import { compareInWalk } from './walk-order.ts'

/**
 * Reads out of `container`, which need not run. Paths are absolute and normal (`/layers/x`, not `/`). A link at `path` is
 * given as the link that it is. Sockets are left out by the engine; extended attributes are dropped.
 * @throws CnbError CNB_ENGINE_FAILED while the entries are read, for a tar that is not one of `path` in walk order
 */
export function containerFiles(container: Pick<Container, 'getArchive'>): BuildFiles {
  return {
    async read(path: string, context: Context): Promise<AsyncIterable<TarReadEntry> | undefined> {
      if (path === '/' || posix.resolve(path) !== path) throw new CnbError('CNB_INTERNAL', `'${path}' is no absolute, normal path`)
      const tar = await container.getArchive(path, context)
      const source = `what the engine gives of ${path}`
      return tar && absolute(readPlainTar(tar, { source, signal: context.signal }), path)
    },
  }
}

/**
 * Reads out of the build's container, and the app out of the extender's where there was one: all else there is within reach of
 * what ran as root.
 */
export function buildFiles(container: Pick<Container, 'getArchive'>, extender: Pick<Container, 'getArchive'> | undefined): BuildFiles {
  const files = containerFiles(container)
  const app = extender ? containerFiles(extender) : files
  return { read: (path, context) => (path === APP_DIR || path.startsWith(`${APP_DIR}/`) ? app : files).read(path, context) }
}

/** The engine's names start with the path's last part: here they become absolute, and what is said of their order is checked. */
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

/** Directories come with a slash at their end. */
function within(parent: Buffer, name: Buffer): Buffer {
  const length = name.at(-1) === SLASH ? name.length - 1 : name.length
  const whole = Buffer.allocUnsafe(parent.length + length)
  parent.copy(whole)
  name.copy(whole, parent.length, 0, length)
  return whole
}

/** That a list of entries is one tree, depth first, each directory's names in byte order, none twice. */
class TreeOrder {
  readonly #root: Buffer
  /** The directories that the last entry is in, and itself if it is one. */
  readonly #open: Buffer[] = []
  #last: Buffer | undefined

  constructor(root: Buffer) {
    this.#root = root
  }

  add(entry: TarReadEntry): void {
    const { name } = entry
    if (!this.#last ? !name.equals(this.#root) : compareInWalk(this.#last, name) >= 0 || !this.#hasParent(name)) {
      const after = this.#last ? ` after ${JSON.stringify(this.#last.toString())}` : ''
      throw new CnbError('CNB_ENGINE_FAILED', `the engine lists ${JSON.stringify(name.toString())}${after} as what is in ${this.#root.toString()}`)
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
