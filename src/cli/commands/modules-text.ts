/** Human-readable buildpacks and detection orders of builders and packages. */

import type { OrderNode } from '../../operations/builder/inspect-builder.ts'
import { sanitizeLine } from '../../ui/sanitize.ts'
import { formatTable } from '../../ui/table.ts'
import type { Theme } from '../../ui/theme.ts'
import { formatTree, type TreeNode } from '../../ui/tree.ts'

interface ShownModule {
  readonly id: string
  readonly version: string
  readonly name?: string | undefined
  readonly homepage?: string | undefined
}

type ShownOrder = readonly { readonly buildpacks: readonly OrderNode[] }[]

/** Returns the lines of a table of buildpacks or extensions. */
export function modulesTable(list: readonly ShownModule[], theme: Theme): string[] {
  if (list.length === 0) return ['  none']
  const columns = [{ title: 'ID' }, { title: 'VERSION' }, { title: 'NAME', spare: true }, { title: 'HOMEPAGE', spare: true }] as const
  return formatTable(columns, list.map(({ id, version, name, homepage }) => [id, version, name ?? '', homepage ?? '']), theme)
}

/** Returns the lines of the tree of a detection order. */
export function orderTree(order: ShownOrder): string[] {
  return formatTree(groups(order))
}

function groups(order: ShownOrder): TreeNode[] {
  return order.map(({ buildpacks }, index) => ({ label: `Group ${index + 1}`, children: buildpacks.map(node) }))
}

function node({ id, version, optional, cyclic, groups: inner = [] }: OrderNode): TreeNode {
  const name = sanitizeLine(version ? `${id}@${version}` : id, false)
  return { label: `${name}${optional ? ' (optional)' : ''}${cyclic ? ' (cyclic)' : ''}`, children: groups(inner) }
}
