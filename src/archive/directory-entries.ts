/** A directory of the host as tar entries. What is in it is not trusted to stand still, nor to be files. */

import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from '../base/errors.ts'
import { HostDirectory } from './host-directory.ts'
import type { HostDirectoryOptions } from './host-directory.ts'
import type { EntryFilter } from './ignore-rules.ts'
import type { TarEntry } from './tar-writer.ts'

export interface DirectoryOptions extends HostDirectoryOptions {
  readonly filter?: EntryFilter
  readonly signal?: AbortSignal
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
 * The entries of `directory`, depth first, the names of each directory in bytewise order, as Go's filepath.Walk gives them.
 * Links are kept as they are, wherever they lead, and never followed (but `directory` itself may be one). Sockets are left out
 * with a debug event, devices with a warning; FIFOs are kept and never opened.
 * One file at a time is open: from when its entry is given until the next one is asked for.
 * @throws CnbError `invalid` (CNB_APP_INVALID when absent) for what cannot be read, CNB_APP_CHANGED for what changes meanwhile
 */
export async function* directoryEntries(directory: string, options: DirectoryOptions): AsyncGenerator<TarEntry, void, undefined> {
  const { filter, signal } = options
  const host = new HostDirectory(directory, options)
  const root = Buffer.alloc(0)
  if (options.prefix !== '') yield host.rootEntry()
  const levels: Level[] = [{ path: root, names: host.namesIn(root), pending: undefined }]
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
    const stats = host.stats(path)
    const verdict = filter?.(path, stats.isDirectory()) ?? 'keep'
    if (verdict === 'skip') continue
    if (stats.isDirectory()) {
      const entry = host.entry(path, 'directory', stats)
      if (verdict === 'keep') yield* withParents(levels, entry)
      levels.push({ path, names: host.namesIn(path), pending: verdict === 'keep' ? undefined : entry })
    } else if (stats.isFile()) {
      using file = host.open(path, stats)
      yield* withParents(levels, file.entry)
    } else {
      const entry = host.special(path, stats)
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
