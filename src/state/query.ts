/** Selection and order of listed resources. */

import type { AnyResource } from '../resources/kind.ts'
import { matchesLabels } from './label-selector.ts'
import type { ResourceKey, ResourceQuery } from './store.ts'

/** Whether the query may select resources with this key; the labels are in the resource. */
export function selectsKey({ type, namespace, named }: ResourceQuery, key: ResourceKey): boolean {
  return (
    (type === undefined || (type.group === key.type.group && type.kind === key.type.kind))
    && (namespace === undefined || namespace === key.namespace)
    && (named === undefined || named(key.name))
  )
}

export function selectsLabels({ labels }: ResourceQuery, { metadata }: AnyResource): boolean {
  return labels === undefined || matchesLabels(labels, metadata.labels ?? {})
}

/** Compares keys by group, kind, namespace and name. */
export function compareKeys(a: ResourceKey, b: ResourceKey): number {
  return (
    compare(a.type.group, b.type.group) || compare(a.type.kind, b.type.kind) || compare(a.namespace ?? '', b.namespace ?? '') || compare(a.name, b.name)
  )
}

/** Names have only ASCII characters: the order is the same everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
