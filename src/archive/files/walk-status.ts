/**
 * A walk for the status of files, without their entries.
 *
 * Paths are text with one character for each byte (latin1), which costs half of the time of buffers.
 */

import { constants, lstatSync, readdirSync, statSync, type Stats } from 'node:fs'
import { throwIfAborted } from '../../base/errors.ts'
import type { EntryFilter } from '../ignore-rules.ts'
import { guardRead } from './read-guard.ts'
import type { WalkOptions } from './walk-tree.ts'

/** A directory on the current path. */
interface Level {
  /** The path before its names. */
  readonly prefix: string
  /** The path on the host before its names; undefined if it is not ASCII below the root. */
  readonly host: string | undefined
  /** Its names in bytewise order, the next one at `next`. */
  readonly names: readonly string[]
  next: number
  readonly filter: EntryFilter | undefined
}

/** The event loop runs after this many names. */
const NAMES_PER_TURN = 512

/** Neither sockets nor devices, as in HostDirectory. */
const TYPES = new Set([constants.S_IFREG, constants.S_IFDIR, constants.S_IFLNK, constants.S_IFIFO])

const NOT_ASCII = /[^\0-\x7f]/

/**
 * Calls `visit` for the root (with an empty path), and for each file and directory in the order of stepTree, including directories
 * without included files. Yields when the caller should let the event loop run.
 * @throws CnbError CNB_APP_INVALID for unreadable directories, CNB_APP_CHANGED if a file is removed during the walk
 */
export function* stepStatus(root: string, { filter, signal }: Pick<WalkOptions, 'filter' | 'signal'>, visit: (path: string, stats: Stats) => void): Generator<undefined, void, undefined> {
  const enter = (host: string | Buffer, prefix: string, below: EntryFilter | undefined): Level => {
    const names = guardRead(host, prefix !== '', 'CNB_APP_INVALID', () => readdirSync(host, 'latin1')).sort()
    return { prefix, host: typeof host === 'string' ? `${host}/` : undefined, names, next: 0, filter: below }
  }
  const rootBytes = Buffer.from(`${root}/`)
  visit('', guardRead(root, false, 'CNB_APP_INVALID', () => statSync(root)))
  const levels = [enter(root, '', filter)]
  for (let count = 1; ; count++) {
    if (count % NAMES_PER_TURN === 0) yield
    throwIfAborted(signal)
    const level = levels.at(-1)
    if (!level) return
    const name = level.names[level.next++]
    if (name === undefined) {
      levels.pop()
      continue
    }
    const path = level.prefix + name
    const host = level.host === undefined || NOT_ASCII.test(name) ? Buffer.concat([rootBytes, Buffer.from(path, 'latin1')]) : level.host + name
    const stats = guardRead(host, true, 'CNB_APP_INVALID', () => lstatSync(host))
    const type = stats.mode & constants.S_IFMT
    const isDirectory = type === constants.S_IFDIR
    const verdict = level.filter?.(typeof host === 'string' ? path : Buffer.from(path, 'latin1').toString(), isDirectory) ?? 'whole'
    if (verdict === 'skip' || !TYPES.has(type)) continue
    visit(path, stats)
    if (isDirectory) levels.push(enter(host, `${path}/`, verdict === 'whole' ? undefined : level.filter))
  }
}
