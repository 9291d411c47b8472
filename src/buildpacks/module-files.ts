/** Checks the entries of a layer with modules: engines refuse some, and take others for deletions. */

import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError } from '../base/errors.ts'

type Entry = Pick<TarEntry, 'type' | 'name' | 'linkname'>

const KEPT = new Set(['file', 'directory', 'symlink', 'link'])
/** In a layer, the name deletes files of lower layers (https://github.com/opencontainers/image-spec, "Whiteouts"). */
const WHITEOUT = /(?:^|\/)\.wh\./
/** The names of an archive are kept while it is read. */
const MAX_FILES = 500_000

/** Checks the entries of one layer; call it for the entries in order. */
export class ModuleFiles {
  readonly #owner: string
  readonly #types = new Map<string, TarEntry['type']>()

  /** @param owner the buildpack or package, in errors */
  constructor(owner: string) {
    this.#owner = owner
  }

  /**
   * Checks an entry with cleaned names (entry-names.ts).
   * @throws CnbError CNB_BUILDPACK_INVALID for a device or FIFO, a deletion, a second entry of one name, a hard link to anything but an
   * earlier file, and more than 500 000 entries
   */
  check({ type, name, linkname }: Entry): void {
    const key = latin1(name)
    if (!KEPT.has(type)) throw this.#error(name, `is a ${type}, which a buildpack must not contain`)
    if (WHITEOUT.test(key)) throw this.#error(name, 'has the name of a deletion in a layer (.wh.)', 'Rename it.')
    const before = this.#types.get(key)
    if (before !== undefined && (before !== 'directory' || type !== 'directory')) throw this.#error(name, 'occurs twice')
    const target = type === 'link' ? this.#types.get(latin1(linkname ?? '')) : undefined
    if (type === 'link' && (target === undefined || target === 'directory')) {
      throw this.#error(name, `is a hard link to '${linkname?.toString()}', which is not an earlier file`)
    }
    this.#types.set(key, type)
    if (this.#types.size > MAX_FILES) throw new CnbError('CNB_BUILDPACK_INVALID', `${this.#owner} has more than ${MAX_FILES} files`)
  }

  #error(name: string | Buffer, problem: string, hint?: string): CnbError {
    return new CnbError('CNB_BUILDPACK_INVALID', `'${name.toString()}' of ${this.#owner} ${problem}`, { hint })
  }
}

/** Names are bytes; latin1 preserves all of them. */
function latin1(name: string | Buffer): string {
  return Buffer.from(name).toString('latin1')
}
