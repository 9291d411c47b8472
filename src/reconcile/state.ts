/** Questions about the state of resources that several decisions need. */

import type { Build } from '../resources/kinds/build.ts'
import type { Builder, ClusterBuilder } from '../resources/kinds/builder.ts'
import type { Condition, Metadata, Status } from '../resources/resource.ts'

/** Builder or ClusterBuilder. */
export type AnyBuilder = Builder | ClusterBuilder

export type Outcome = 'succeeded' | 'failed' | 'running'

/** Labels of a Build: the Image that made it, and its number. */
export const IMAGE = 'image.kpack.io/image'
export const BUILD_NUMBER = 'image.kpack.io/buildNumber'
/** Annotations of a Build. */
export const BUILD_CHANGES = 'image.kpack.io/buildChanges'
export const BUILDER_NAME = 'image.kpack.io/builderName'
export const BUILDER_KIND = 'image.kpack.io/builderKind'
export const REASON = 'image.kpack.io/reason'

/** Identifies a resource: `Image/default/shop`, `ClusterStack//base`. */
export function resourceId({ kind, metadata: { namespace = '', name } }: { readonly kind: string; readonly metadata: Pick<Metadata, 'namespace' | 'name'> }): string {
  return `${kind}/${namespace}/${name}`
}

/** Returns the name in an id. */
export function nameOf(id: string): { readonly name: string; readonly namespace?: string } {
  const [, namespace = '', name = ''] = id.split('/')
  return { name, ...(namespace === '' ? {} : { namespace }) }
}

export function conditionOf(resource: { status?: Status }, type: Condition['type']): Condition | undefined {
  return resource.status?.conditions?.find((condition) => condition.type === type)
}

/** Whether a condition is True and of the present generation: only then do other resources use this one. */
export function isTrue(resource: { metadata: Metadata; status?: Status }, type: Condition['type']): boolean {
  return conditionOf(resource, type)?.status === 'True' && (resource.metadata.generation ?? 0) === (resource.status?.observedGeneration ?? 0)
}

/** A build without a condition runs, as for kpack. */
export function outcomeOf(build: Build): Outcome {
  const status = conditionOf(build, 'Succeeded')?.status
  return status === 'True' ? 'succeeded' : status === 'False' ? 'failed' : 'running'
}

/** Returns the number of a build; undefined if its label has none. */
export function numberOf(build: Build): number | undefined {
  const label = build.metadata.labels?.[BUILD_NUMBER] ?? ''
  return /^[+-]?\d{1,15}$/.test(label) ? Number(label) : undefined
}
