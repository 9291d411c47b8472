/** The order of tar entries for a tree of files, on the host or in an archive. */

import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import type { EntryFilter } from '../ignore-rules.ts'
import type { TarEntry } from '../tar/tar-writer.ts'

/** The type of an entry. */
export interface NodeKind {
  isDirectory(): boolean
  isFile(): boolean
}

/** A file's entry; its content is readable until disposal. */
export interface OpenEntry extends Disposable {
  readonly entry: TarEntry
}

/** A tree of files; paths are bytes, relative to the root, which is empty. */
export interface FileSource<Kind extends NodeKind> {
  rootEntry(): TarEntry
  /** Returns the names in a directory, in reverse bytewise order. */
  namesIn(path: Buffer): Buffer[]
  stats(path: Buffer): Kind
  entry(path: Buffer, type: 'directory', stats: Kind): TarEntry
  open(path: Buffer, stats: Kind): OpenEntry
  /** Returns an entry that is neither file nor directory; undefined for types that an image cannot contain. */
  special(path: Buffer, stats: Kind): TarEntry | undefined
}

export interface WalkOptions {
  readonly filter?: EntryFilter
  readonly signal?: AbortSignal
  /** Whether the root has an entry. */
  readonly withRoot: boolean
}

/** A directory on the current path. */
interface Level {
  readonly path: Buffer
  /** Its remaining names, the next one last. */
  readonly names: Buffer[]
  /** Its entry, until an entry below it is included. */
  pending: TarEntry | undefined
  /** Undefined if everything below is included. */
  readonly filter: EntryFilter | undefined
}

/** The event loop runs after this many names, which lets a Ctrl-C interrupt the walk of a large tree. */
const NAMES_PER_TURN = 128

/**
 * Yields the entries of a tree depth first, the names of each directory in bytewise order, as Go's filepath.Walk does.
 * Only one file is open at a time, until the next entry is requested.
 * @throws the errors of `source`
 */
export async function* walkTree<Kind extends NodeKind>(source: FileSource<Kind>, options: WalkOptions): AsyncGenerator<TarEntry, void, undefined> {
  for (const entry of stepTree(source, options)) {
    if (entry) yield entry
    else await setImmediate()
  }
}

/** Yields the entries of walkTree without waiting. After undefined, the caller should let the event loop run. */
export function* stepTree<Kind extends NodeKind>(source: FileSource<Kind>, options: WalkOptions): Generator<TarEntry | undefined, void, undefined> {
  const { filter, signal } = options
  const root = Buffer.alloc(0)
  if (options.withRoot) yield source.rootEntry()
  const levels: Level[] = [{ path: root, names: source.namesIn(root), pending: undefined, filter }]
  for (let count = 1; ; count++) {
    if (count % NAMES_PER_TURN === 0) yield undefined
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
    const verdict = level.filter?.(path.toString(), stats.isDirectory()) ?? 'whole'
    if (verdict === 'skip') continue
    if (stats.isDirectory()) {
      const entry = source.entry(path, 'directory', stats)
      if (verdict !== 'parent') yield* withParents(levels, entry)
      levels.push({ path, names: source.namesIn(path), pending: verdict === 'parent' ? entry : undefined, filter: verdict === 'whole' ? undefined : level.filter })
    } else if (stats.isFile()) {
      using file = source.open(path, stats)
      yield* withParents(levels, file.entry)
    } else {
      const entry = source.special(path, stats)
      if (entry) yield* withParents(levels, entry)
    }
  }
}

/** Yields the entry, preceded by its parent directories that have not been yielded. */
function* withParents(levels: readonly Level[], entry: TarEntry): Generator<TarEntry> {
  for (const level of levels) {
    if (level.pending) yield level.pending
    level.pending = undefined
  }
  yield entry
}
