/** Reasons for builds, and the changes that are recorded with them: `pkg/buildchange` of kpack. */

import { encodeShape } from '../../formats/go/shape.ts'

/** kpack's reasons, in its order. */
export type KpackReason = 'TRIGGER' | 'COMMIT' | 'CONFIG' | 'BUILDPACK' | 'STACK' | 'LIFECYCLE'

/**
 * Reasons that kpack does not have:
 * - BUILDER: the Image names another builder.
 * - PROCESS, DESCRIPTOR: `defaultProcess` or `projectDescriptorPath` changed.
 * - TAGS: `additionalTags` or the tagging strategy changed; the last image gets the new tags.
 * - CACHE: another kind of cache. It takes effect with the next build, and causes none.
 * - PLACE: the last image is in a registry and is wanted on the engine, or the reverse; or the engine has it no longer.
 * - RETRY: the last build failed, and something outside of the Image changed since then.
 */
export type OwnReason = 'BUILDER' | 'PROCESS' | 'DESCRIPTOR' | 'TAGS' | 'CACHE' | 'PLACE' | 'RETRY'

export type Reason = KpackReason | OwnReason

/** kpack's priorities: high if the user's own change demands the build, low if only the builder changed. */
export type Priority = 1000 | 1

export interface Change {
  readonly reason: Reason
  /** JSON values with their members in Go's order */
  readonly old: unknown
  readonly new: unknown
  readonly priority: Priority
}

/** Names of kpack's two PriorityClasses. */
export const PRIORITY_CLASSES: Readonly<Record<Priority, string>> = { 1000: 'kpack-build-high-priority', 1: 'kpack-build-low-priority' }

/** Returns the value of the annotation `image.kpack.io/reason`. */
export function reasonsText(changes: readonly Change[]): string {
  return changes.map(({ reason }) => reason).join(',')
}

/** Returns the value of the annotation `image.kpack.io/buildChanges`, as Go's encoding/json writes it. */
export function changesJson(changes: readonly Change[]): string {
  return changes.length === 0 ? '' : encodeShape(changes.map((change) => ({ reason: change.reason, old: change.old, new: change.new })))
}

/** Returns the highest priority of changes. */
export function priorityOf(changes: readonly Change[]): Priority {
  return changes.some(({ priority }) => priority === 1000) ? 1000 : 1
}
