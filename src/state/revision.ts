/** The rules for changes of a resource: the store's own fields, and when the generation increases. */

import type { AnyResource } from '../resources/kind.ts'
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { CnbError } from '../base/errors.ts'
import { shownKey } from './resource-key.ts'
import type { ResourceKey, Stored, Version } from './store.ts'

/** A resource with the members that only some kinds have. */
interface Members extends AnyResource {
  spec?: unknown
  status?: unknown
}

/** Returns the resource to store when `next` is written; `stored` itself if nothing changes. @param now milliseconds since 1970 */
export function revised<T extends AnyResource>(stored: T | undefined, next: T, now: number): T {
  const { metadata, status: _, ...content } = next as Members
  const { uid = randomUUID(), creationTimestamp = inSeconds(now), generation = 0 } = stored?.metadata ?? {}
  const { status, spec } = (stored ?? {}) as Partial<Members>
  // As in Kubernetes, resources without a spec (Secret, ConfigMap) have no generation.
  const changes = 'spec' in content ? { generation: isDeepStrictEqual(spec, content.spec) && generation > 0 ? generation : generation + 1 } : {}
  const { generation: __, ...given } = metadata
  const resource = { ...content, metadata: { ...given, uid, creationTimestamp, ...changes }, ...(status === undefined ? {} : { status }) }
  // Undefined members cannot be stored, so they do not count.
  const result = plain(resource) as T
  return stored && isDeepStrictEqual(result, stored) ? stored : result
}

/** Returns the stored resource with another status. */
export function withStatus<T extends AnyResource>({ resource }: Stored<T>, status: unknown): T {
  return plain({ ...resource, status }) as T
}

/** @throws CnbError CNB_STATE_CHANGED if the stored version is not the expected one */
export function checkVersion(key: ResourceKey, stored: Version | undefined, expected: Version | 'none' | undefined): void {
  if (expected !== undefined && expected !== (stored ?? 'none')) throw changed(key, stored === undefined ? 'removed' : expected === 'none' ? 'created' : 'changed')
}

/** Returns the error for a resource that is not as the caller saw it. */
export function changed(key: ResourceKey, change: 'removed' | 'created' | 'changed'): CnbError {
  return new CnbError('CNB_STATE_CHANGED', `cannot change ${shownKey(key)}: another process ${change} it meanwhile`, { hint: 'Run the command again.' })
}

function inSeconds(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Returns the value as JSON can hold it; the caller's objects can change without effect. */
function plain(value: object): object {
  return JSON.parse(JSON.stringify(value)) as object
}
