/** The resources that a process read before: it reads only changed files again. */

import type { AnyResource } from '../../resources/kind.ts'
import { stat } from 'node:fs/promises'
import type { Context } from '../../base/events.ts'
import type { ResourceKey, Stored } from '../store.ts'
import type { StateLayout } from './layout.ts'
import { readObject } from './object-files.ts'

/** Milliseconds in which a file may change without another time, as in git's index. */
export const RECENT = 1000

interface Known {
  /** The attributes of the file before it was read. */
  readonly attributes: string
  /** Weak: an object that its reader dropped is read again. */
  readonly stored: WeakRef<Stored>
}

export class KnownObjects {
  readonly #known = new Map<string, Known>()

  /** Returns the same object as before for an unchanged file. @throws CnbError CNB_STATE_INVALID */
  async read<T extends AnyResource>(layout: StateLayout, key: ResourceKey<T>, context: Context): Promise<Stored<T> | undefined> {
    const path = layout.file(key)
    const attributes = await attributesOf(path)
    const known = this.#known.get(path)
    const before = attributes === undefined || known?.attributes !== attributes ? undefined : known.stored.deref()
    if (before) return before as Stored<T>
    this.#known.delete(path)
    const stored = await readObject(layout, key, context)
    if (stored && attributes !== undefined) this.#known.set(path, { attributes, stored: new WeakRef<Stored>(stored) })
    return stored
  }
}

/** Returns the attributes that a change of the file changes; undefined if they are not reliable yet. */
async function attributesOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined)
  if (!stats || Math.abs(Date.now() - Number(stats.ctimeMs)) < RECENT) return undefined
  return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
}
