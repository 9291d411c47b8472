/** A detection order with expanded composite buildpacks, for display. */

import type { GroupEntry, Order } from './order.ts'

/** An order entry, with the groups of a composite buildpack. */
export interface OrderNode {
  id: string
  version?: string
  optional?: boolean
  /** Set if the same composite occurs further up; it is not expanded again. */
  cyclic?: boolean
  groups?: OrderTree
}

export type OrderTree = { buildpacks: OrderNode[] }[]

/** A builder may nest the same composites many times: limits the size of the tree. */
const MAX_NODES = 10_000
const MAX_DEPTH = 100

/**
 * Expands `order`.
 * @param orderOf returns the order of a composite buildpack, the same object each time; undefined for other buildpacks
 * @param depth the number of levels to expand; default: all
 */
export function expandOrder(order: Order, orderOf: (entry: GroupEntry) => Order | undefined, depth = Infinity): OrderTree {
  let nodes = 0
  const expand = (groups: Order, levels: number, above: readonly Order[]): OrderTree =>
    groups.map(({ group }) => ({ buildpacks: group.map((entry) => node(entry, levels, above)) }))
  const node = (entry: GroupEntry, levels: number, above: readonly Order[]): OrderNode => {
    const inner = orderOf(entry)
    if (!inner?.length) return { ...entry }
    if (above.includes(inner)) return { ...entry, cyclic: true }
    if (levels === 0 || nodes >= MAX_NODES) return { ...entry }
    nodes += inner.reduce((sum, { group }) => sum + group.length, 1)
    return { ...entry, groups: expand(inner, levels - 1, [...above, inner]) }
  }
  return expand(order, Math.min(depth, MAX_DEPTH), [])
}
