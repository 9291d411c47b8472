/** Temporary directories name their process: then a later process can remove those of a killed one. */

import { createHash } from 'node:crypto'
import { lstat, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasEnded, ownProcess, type ResourceOwner } from './owner.ts'

/** Returns a part of a name that identifies this process; empty if the system cannot identify processes. */
export async function processMark(): Promise<string> {
  const { space, pid, startTime } = await ownProcess()
  return space === '' || startTime === '' ? '' : `${spaceMark(space)}_${pid}_${startTime}_`
}

const MARKED = /^cnb-(?:.*-)?([0-9a-f]{12})_(\d{1,10})_([^_]+)_[^_]+$/

/** Removes this user's directories of processes that have ended. Never throws. */
export async function removeAbandonedDirectories(root = tmpdir(), owner?: ResourceOwner): Promise<void> {
  const { space, hostname } = owner ?? (await ownProcess())
  for (const name of await readdir(root).catch(() => [])) {
    const [, mark, pid, startTime = ''] = MARKED.exec(name) ?? []
    if (space === '' || mark !== spaceMark(space) || !(await hasEnded({ hostname, space, pid: Number(pid), startTime }))) continue
    const path = join(root, name)
    // Another user could replace parts of a directory by links during the removal.
    const isOwn = await lstat(path).then((found) => found.isDirectory() && found.uid === process.getuid?.(), () => false)
    if (isOwn) await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

/** A process ID identifies a process only in its space, and the temporary directory may be shared with containers. */
function spaceMark(space: string): string {
  return createHash('sha256').update(space).digest('hex').slice(0, 12)
}
