/** What identifies a resource in results, and its name as kubectl prints it. */

import { KINDS } from '../../resources/kind-list.ts'
import type { AnyResource } from '../../resources/kind.ts'

export interface Subject {
  readonly kind: string
  /** Absent for resources of the whole cluster. */
  readonly namespace?: string
  readonly name: string
}

export function subjectOf({ kind, metadata: { name, namespace } }: Pick<AnyResource, 'kind' | 'metadata'>): Subject {
  return { kind, ...(namespace === undefined ? {} : { namespace }), name }
}

/** Returns `image.kpack.io/shop`, or `secret/login` for the core group. */
export function resourceWord({ kind, name }: Pick<Subject, 'kind' | 'name'>): string {
  const group = KINDS.find((each) => each.kind === kind)?.group ?? ''
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${name}`
}

/** Returns `Image default/shop` or `ClusterStack base`. */
export function shownResource({ kind, metadata: { namespace, name } }: AnyResource): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** Returns `image.kpack.io/shop` for a resource. */
export function wordOf({ kind, metadata: { name } }: AnyResource): string {
  return resourceWord({ kind, name })
}
