/** Chooses the items to remove for budgets of age and size; pure. */

export interface Budget {
  /** Whether to remove everything. */
  readonly all: boolean
  /** Milliseconds since 1970: removes all items that were last used before. */
  readonly usedBefore?: number | undefined
  /** Bytes: removes the least recently used items until the rest fits. */
  readonly bytes?: number | undefined
}

interface Item {
  /** Milliseconds since 1970. */
  readonly used: number
  readonly bytes: number
  /** Whether it must stay; its size counts. */
  readonly stays: boolean
}

/** Returns the items to remove, the least recently used first. */
export function chooseRemovals<T extends Item>(items: readonly T[], { all, usedBefore = -Infinity, bytes = Infinity }: Budget): T[] {
  let total = items.reduce((sum, item) => sum + item.bytes, 0)
  return [...items].sort((a, b) => a.used - b.used).filter((item) => {
    if (item.stays || !(all || item.used < usedBefore || total > bytes)) return false
    total -= item.bytes
    return true
  })
}
