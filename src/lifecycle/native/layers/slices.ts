/** Assigns the app's files to slices (buildpack.md "Slice Layers"; lifecycle v0.21.0 layers/slices.go). */

import { CnbError } from '../../../base/errors.ts'
import { BadPattern, globPattern } from '../../../formats/go/glob.ts'

const SLASH = 0x2f

/** An element of `[[slices]]` in launch.toml. */
export interface Slice {
  readonly paths: readonly string[]
}

/** The entries of the app directory in walk order, by their index. */
export interface AppFiles {
  readonly length: number
  /** Relative to the app directory, which has no bytes. */
  path(index: number): Buffer
  isDirectory(index: number): boolean
  /** Compares the bytes of two paths. */
  compare(one: number, other: number): number
}

/**
 * Divides the files into the indexes for each slice and those of the remaining files, each in the byte order of
 * the paths. A directory includes everything below it. A file belongs to the first slice that matches it. The directories above a
 * file are in its slice too, and in later slices only if they contain files that are not yet assigned.
 * @throws CnbError CNB_EXPORT_FAILED for a malformed pattern, if there is a file to match
 */
export function divideIntoSlices(files: AppFiles, slices: readonly Slice[]): number[][] {
  const tree = new SlicedTree(files)
  const divided = slices.map(({ paths }, index) => tree.take(matching(files, paths, index + 1)))
  return [...divided, tree.rest()].map((some) => some.sort((a, b) => files.compare(a, b)))
}

/** Returns the indexes of the files that a pattern matches. */
function matching(files: AppFiles, patterns: readonly string[], slice: number): number[] {
  return patterns.flatMap((pattern) => {
    const matches = globPattern(pattern)
    try {
      return indexesOf(files).filter((index) => index > 0 && matches(files.path(index).toString('latin1')))
    } catch (error) {
      if (!(error instanceof BadPattern)) throw error
      throw new CnbError('CNB_EXPORT_FAILED', `slice ${slice} has the malformed pattern ${JSON.stringify(pattern)}`, {
        hint: "Report it to the author of the buildpack with this slice in launch.toml: '[' or '\\' in the pattern is incomplete.",
      })
    }
  })
}

function indexesOf({ length }: AppFiles): number[] {
  return Array.from({ length }, (_, index) => index)
}

/** The files by their index in the walk. The entries of a directory follow it directly, so a parent has a lower index. */
class SlicedTree {
  readonly #files: AppFiles
  /** The directory that contains each file; undefined for the app directory. */
  readonly #parents: (number | undefined)[] = []
  /** The direct entries of each directory. */
  readonly #children = new Map<number, number[]>()
  readonly #taken = new Set<number>()

  constructor(files: AppFiles) {
    this.#files = files
    const open: number[] = []
    for (const index of indexesOf(files)) {
      let parent = open.at(-1)
      for (; parent !== undefined && !this.#isBelow(index, parent); parent = open.at(-1)) open.pop()
      this.#parents.push(parent)
      if (parent !== undefined) this.#children.get(parent)?.push(index)
      if (!files.isDirectory(index)) continue
      open.push(index)
      this.#children.set(index, [])
    }
  }

  /** Assigns the matched files that are not yet assigned and everything below them; returns them and the directories above. */
  take(matches: readonly number[]): number[] {
    const found = new Set<number>()
    for (const match of matches) this.#takeAll(match, found)
    const above = new Set<number>()
    for (const index of found) {
      let parent = this.#parents[index]
      for (; parent !== undefined && !found.has(parent) && !above.has(parent); parent = this.#parents[parent]) above.add(parent)
    }
    // The deepest directories first: a directory that becomes complete can complete its parent.
    for (const directory of [...above].sort((a, b) => b - a)) {
      if (this.#children.get(directory)?.every((child) => this.#taken.has(child))) this.#taken.add(directory)
    }
    return [...found, ...above]
  }

  rest(): number[] {
    return indexesOf(this.#files).filter((index) => !this.#taken.has(index))
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

  #isBelow(index: number, directory: number): boolean {
    const above = this.#files.path(directory)
    const path = this.#files.path(index)
    return above.length === 0 || (path[above.length] === SLASH && path.compare(above, 0, above.length, 0, above.length) === 0)
  }
}
