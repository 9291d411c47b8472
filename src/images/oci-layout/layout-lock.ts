/** One writer at a time for index.json: two that read, change and write it at once would lose what one of them wrote. */

import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { cannotWrite } from './durable-file.ts'

const LOCK = '.cnb-index.lock'
/** Milliseconds between two looks. */
const PAUSE = 20
/** Milliseconds. An index is changed in a few of them: whoever has held the lock for so long was killed. */
const ABANDONED = 10_000

/**
 * Does `work` while no other writer of this machine or another changes the layout's index.
 * @throws CnbError CNB_OUTPUT where no lock can be made, CNB_INTERRUPTED, and what `work` throws
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

/** Whether a file with this name is the lock. */
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

/** By a rename, so that of several who find it abandoned one removes it. */
async function removeIfAbandoned(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (!found || Date.now() - found.mtimeMs < ABANDONED) return false
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => {})
  await rm(aside, { force: true })
  return true
}
