/** Validates the entries of an untrusted archive: none leads out of it, and their size has a limit. */

import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError, type ErrorCode } from '../base/errors.ts'

type Named = Pick<TarEntry, 'name' | 'linkname' | 'type' | 'size'>

/** Hundreds of times the size of a large buildpack; a crafted file of 4 MB can extract to as much. */
const MAX_UNPACKED = 4 * 1024 ** 3
/** Each entry counts, also an empty one: millions of them compress to a small file. */
const HEADER = 512

/** Normalizes the names of one archive's entries; call it for the entries in order. */
export class EntryNames {
  readonly #source: string
  readonly #invalid: ErrorCode
  /** Entries below a symbolic link would be written to its target. */
  readonly #symlinks = new Set<string>()
  #bytes = 0

  /** @param source the archive's name in errors */
  constructor(source: string, invalid: ErrorCode) {
    this.#source = source
    this.#invalid = invalid
  }

  /**
   * Returns the entry's name relative to the archive's root, empty for the root itself: `a/b` for `./a//b/`.
   * @throws CnbError `invalid` for `..`, for a name below a symbolic link of the same archive, and for more than 4 GiB in all
   */
  clean(entry: Named): Buffer {
    this.#bytes += HEADER + (entry.size ?? 0)
    if (this.#bytes > MAX_UNPACKED) throw new CnbError(this.#invalid, `'${this.#source}' extracts to more than ${MAX_UNPACKED / 1024 ** 3} GiB`)
    const parts = this.#parts(entry.name)
    for (let length = 1; length < parts.length; length++) {
      const above = parts.slice(0, length).join('/')
      if (this.#symlinks.has(above)) throw this.#error(entry.name, `is below the symbolic link '${above}'`)
    }
    const name = parts.join('/')
    if (entry.type === 'symlink') this.#symlinks.add(name)
    return Buffer.from(name, 'latin1')
  }

  /** Returns a hard link's target, normalized in the same way; it refers to another entry, not to a path on the host. */
  cleanLink(entry: Named): Buffer {
    return Buffer.from(this.#parts(entry.linkname ?? '').join('/'), 'latin1')
  }

  #parts(name: string | Buffer): string[] {
    // Names are bytes; latin1 preserves all of them.
    const parts = Buffer.from(name).toString('latin1').split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) throw this.#error(name, "has '..' in its name")
    return parts
  }

  #error(name: string | Buffer, problem: string): CnbError {
    return new CnbError(this.#invalid, `'${name.toString()}' in '${this.#source}' ${problem}`, {
      hint: 'Report this to the author of the archive: it could overwrite files outside its directory.',
    })
  }
}
