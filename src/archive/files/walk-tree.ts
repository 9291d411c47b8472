/** The order in which a tree of files becomes the entries of a tar, wherever the tree is. */

import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import type { EntryFilter } from '../ignore-rules.ts'
import type { TarEntry } from '../tar/tar-writer.ts'

/** What a tree says of one of its entries. */
export interface NodeKind {
  isDirectory(): boolean
  isFile(): boolean
}

/** A file's entry, whose content can be read until it is disposed of. */
export interface OpenEntry extends Disposable {
  readonly entry: TarEntry
}

/** A tree; paths are bytes, relative to its root, which is empty. */
export interface FileSource<Kind extends NodeKind> {
  rootEntry(): TarEntry
  /** The names in a directory, the bytewise last one first. */
  namesIn(path: Buffer): Buffer[]
  stats(path: Buffer): Kind
  entry(path: Buffer, type: 'directory', stats: Kind): TarEntry
  open(path: Buffer, stats: Kind): OpenEntry
  /** What is neither a file nor a directory; undefined for what no image can hold. */
  special(path: Buffer, stats: Kind): TarEntry | undefined
}

export interface WalkOptions {
  readonly filter?: EntryFilter
  readonly signal?: AbortSignal
  /** Whether the root has an entry of its own. */
  readonly withRoot: boolean
}

/** A directory on the way down. */
interface Level {
  readonly path: Buffer
  /** What is left of its names, the next one last. */
  readonly names: Buffer[]
  /** Its own entry, as long as nothing in it turned out to count. */
  pending: TarEntry | undefined
}

/** The event loop gets its turn after so many names: a Ctrl-C must be heard in the middle of a large tree. */
const NAMES_PER_TURN = 128

/**
 * The entries of a tree, depth first, the names of each directory in bytewise order, as Go's filepath.Walk gives them.
 * One file at a time is open: from its entry until the next entry is read.
 * @throws what `source` throws
 */
export async function* walkTree<Kind extends NodeKind>(source: FileSource<Kind>, options: WalkOptions): AsyncGenerator<TarEntry, void, undefined> {
  const { filter, signal } = options
  const root = Buffer.alloc(0)
  if (options.withRoot) yield source.rootEntry()
  const levels: Level[] = [{ path: root, names: source.namesIn(root), pending: undefined }]
  for (let count = 1; ; count++) {
    if (count % NAMES_PER_TURN === 0) await setImmediate()
    throwIfAborted(signal)
    const level = levels.at(-1)
    if (!level) return
    const name = level.names.pop()
    if (!name) {
      levels.pop()
      continue
    }
    const path = level === levels[0] ? name : Buffer.concat([level.path, Buffer.from('/'), name])
    const stats = source.stats(path)
    const verdict = filter?.(path, stats.isDirectory()) ?? 'keep'
    if (verdict === 'skip') continue
    if (stats.isDirectory()) {
      const entry = source.entry(path, 'directory', stats)
      if (verdict === 'keep') yield* withParents(levels, entry)
      levels.push({ path, names: source.namesIn(path), pending: verdict === 'keep' ? undefined : entry })
    } else if (stats.isFile()) {
      using file = source.open(path, stats)
      yield* withParents(levels, file.entry)
    } else {
      const entry = source.special(path, stats)
      if (entry) yield* withParents(levels, entry)
    }
  }
}

/** The entry, after the directories that lead to it and were not given yet. */
function* withParents(levels: readonly Level[], entry: TarEntry): Generator<TarEntry> {
  for (const level of levels) {
    if (level.pending) yield level.pending
    level.pending = undefined
  }
  yield entry
}
