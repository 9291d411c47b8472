/** The process that uses the store, as its claims describe it. */

import { type Clock, systemClock } from '../../base/clock.ts'
import { hasEnded, type ResourceOwner } from '../../base/processes/owner.ts'

export interface StateProcess {
  readonly owner: ResourceOwner
  readonly clock: Clock
  /** Whether a process of the owner's space has certainly ended. */
  readonly hasEnded: (owner: ResourceOwner) => Promise<boolean>
  /** Milliseconds between two signs of life in a claim. */
  readonly beat: number
}

export function stateProcess(owner: ResourceOwner): StateProcess {
  return { owner, clock: systemClock, hasEnded, beat: 5_000 }
}
