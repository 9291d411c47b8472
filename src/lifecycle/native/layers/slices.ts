/** Which slice each file of the app is in (buildpack.md "Slice Layers"; the lifecycle's layers/slices.go, v0.21.0). */

import { CnbError } from '../../../base/errors.ts'
import { BadPattern, globPattern } from '../../../formats/go/glob.ts'

/** `[[slices]]` of a launch.toml. */
export interface Slice {
  readonly paths: readonly string[]
}

/** Something in the app directory. Paths are bytes, one latin1 character each, relative to it; its own is `''`. */
export interface AppFile {
  readonly path: string
  readonly isDirectory: boolean
}

/**
 * Divides `files`, which are in walk order, into one list for each slice and one for the rest, each in the byte order of its
 * paths. A directory brings all below it; the first slice that matches a file has it; the directories above a file are in its
 * slice too, and in later ones only as long as anything below them is left.
 * @throws CnbError CNB_EXPORT_FAILED for a malformed pattern, if there is any file to try it on
 */
export function divide<T extends AppFile>(files: readonly T[], slices: readonly Slice[]): T[][] {
  const tree = new SlicedTree(files)
  const divided = slices.map(({ paths }, index) => tree.take(matching(files, paths, index + 1)))
  return [...divided, tree.rest()].map((some) => some.sort((a, b) => (a.path < b.path ? -1 : 1)))
}

/** The indexes of the files that a pattern matches. */
function matching(files: readonly AppFile[], patterns: readonly string[], slice: number): number[] {
  return patterns.flatMap((pattern) => {
    const matches = globPattern(pattern)
    try {
      return files.flatMap(({ path }, index) => (path !== '' && matches(path) ? [index] : []))
    } catch (error) {
      if (!(error instanceof BadPattern)) throw error
      throw new CnbError('CNB_EXPORT_FAILED', `slice ${slice} has the malformed pattern ${JSON.stringify(pattern)}`, {
        hint: "A buildpack wrote it to its launch.toml; '[' and '\\' in it need a partner.",
      })
    }
  })
}

/** The files by their index in the walk: a directory's come right behind it, so higher numbers are deeper or elsewhere. */
class SlicedTree<T extends AppFile> {
  readonly #files: readonly T[]
  /** The directory that each file is in; none for the app directory. */
  readonly #parents: (number | undefined)[] = []
  /** What is right in each directory. */
  readonly #children = new Map<number, number[]>()
  readonly #taken = new Set<number>()

  constructor(files: readonly T[]) {
    this.#files = files
    const open: number[] = []
    for (const [index, { path, isDirectory }] of files.entries()) {
      let parent = open.at(-1)
      for (; parent !== undefined && !this.#isBelow(path, parent); parent = open.at(-1)) open.pop()
      this.#parents.push(parent)
      if (parent !== undefined) this.#children.get(parent)?.push(index)
      if (!isDirectory) continue
      open.push(index)
      this.#children.set(index, [])
    }
  }

  /** The matched files that nobody has yet, all below them, and all directories above. */
  take(matches: readonly number[]): T[] {
    const found = new Set<number>()
    for (const match of matches) this.#takeAll(match, found)
    const above = new Set<number>()
    for (const index of found) {
      let parent = this.#parents[index]
      for (; parent !== undefined && !found.has(parent) && !above.has(parent); parent = this.#parents[parent]) above.add(parent)
    }
    // The deepest first, for a directory that is done may be the last of the one that it is in.
    for (const directory of [...above].sort((a, b) => b - a)) {
      if (this.#children.get(directory)?.every((child) => this.#taken.has(child))) this.#taken.add(directory)
    }
    return [...found, ...above].flatMap((index) => this.#files[index] ?? [])
  }

  rest(): T[] {
    return this.#files.filter((_, index) => !this.#taken.has(index))
  }

  #takeAll(match: number, found: Set<number>): void {
    const waiting = [match]
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      if (this.#taken.has(index)) continue
      this.#taken.add(index)
      found.add(index)
      for (const child of this.#children.get(index) ?? []) waiting.push(child)
    }
  }

  #isBelow(path: string, directory: number): boolean {
    const above = this.#files[directory]?.path ?? ''
    return above === '' || (path[above.length] === '/' && path.startsWith(above))
  }
}
