/** A lock for changes of index.json: without it, concurrent writers could lose each other's changes. */

import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { cannotWrite } from '../../base/files.ts'

const LOCK = '.cnb-index.lock'
/** Milliseconds between two attempts. */
const PAUSE = 20
/** In milliseconds. A change takes only a few: a writer that holds the lock for this long was killed. */
const ABANDONED = 10_000

/**
 * Runs `work` while no other writer, on this or another machine, changes the layout's index.
 * @throws CnbError CNB_OUTPUT if the lock cannot be created, CNB_INTERRUPTED, and errors of `work`
 */
export async function withIndexLock<T>(directory: string, work: () => Promise<T>, { signal }: Context = {}): Promise<T> {
  const path = join(directory, LOCK)
  while (!(await acquire(path))) {
    throwIfAborted(signal)
    if (!(await removeIfAbandoned(path))) await systemClock.sleep(PAUSE, signal)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

/** Whether the name is that of the lock file. */
export function isLock(name: string): boolean {
  return name.startsWith(LOCK)
}

async function acquire(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    return cannotWrite(path, error)
  }
}

/** Removes an abandoned lock by a rename: if several writers find it, only one removes it. */
async function removeIfAbandoned(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (!found || Date.now() - found.mtimeMs < ABANDONED) return false
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => {})
  await rm(aside, { force: true })
  return true
}
