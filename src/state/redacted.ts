/** Secrets without their values: no command prints these. */

import type { AnyResource } from '../resources/kind.ts'
import { REDACTED } from '../resources/redacted-value.ts'

/** kubectl apply keeps the whole document, with the values, in this annotation. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Returns the resource as it may be printed: a Secret keeps the names of its values only. */
export function redacted<T extends AnyResource>(resource: T): T {
  if (resource.kind !== 'Secret') return resource
  const { annotations, ...metadata } = resource.metadata
  const kept = annotations && Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== LAST_APPLIED))
  const hidden = Object.entries(resource).map(([key, value]) => [key, key === 'data' || key === 'stringData' ? withoutValues(value) : value] as const)
  return { ...Object.fromEntries(hidden), metadata: { ...metadata, ...(kept ? { annotations: kept } : {}) } } as T
}

function withoutValues(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.keys(value).map((key) => [key, REDACTED])) : REDACTED
}
