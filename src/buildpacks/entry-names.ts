/** Names in an archive that somebody brought: none may lead out of where it is unpacked. */

import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError, type ErrorCode } from '../base/errors.ts'

type Named = Pick<TarEntry, 'name' | 'linkname' | 'type'>

/** Cleans the names of one archive's entries, in their order. */
export class EntryNames {
  readonly #source: string
  readonly #invalid: ErrorCode
  /** Entries below one of these would land wherever the link leads. */
  readonly #symlinks = new Set<string>()

  /** @param source what errors call the archive */
  constructor(source: string, invalid: ErrorCode) {
    this.#source = source
    this.#invalid = invalid
  }

  /**
   * The entry's name relative to the archive's root, empty for the root itself: `./a//b/` is `a/b`.
   * @throws CnbError `invalid` for `..`, and for a name below a symbolic link of the same archive
   */
  clean(entry: Named): Buffer {
    const parts = this.#parts(entry.name)
    for (let length = 1; length < parts.length; length++) {
      const above = parts.slice(0, length).join('/')
      if (this.#symlinks.has(above)) throw this.#error(entry.name, `is below the symbolic link '${above}'`)
    }
    const name = parts.join('/')
    if (entry.type === 'symlink') this.#symlinks.add(name)
    return Buffer.from(name, 'latin1')
  }

  /** A hard link's target, cleaned in the same way; it names another entry, not a path on whatever system unpacks it. */
  cleanLink(entry: Named): Buffer {
    return Buffer.from(this.#parts(entry.linkname ?? '').join('/'), 'latin1')
  }

  #parts(name: string | Buffer): string[] {
    // Names are bytes; latin1 keeps each of them.
    const parts = Buffer.from(name).toString('latin1').split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) throw this.#error(name, "has '..' in its name")
    return parts
  }

  #error(name: string | Buffer, problem: string): CnbError {
    return new CnbError(this.#invalid, `'${name.toString()}' in '${this.#source}' ${problem}`, {
      hint: 'Such an archive could write over files that are not its own; ask whoever made it.',
    })
  }
}
