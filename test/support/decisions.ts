/** The decisions of a run in the form that tests compare. */

import type { CnbEvent } from '../../src/base/events.ts'

/** Returns each decision as `kind name: outcome: reason`. */
export function decisionsOf(events: readonly CnbEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'decision' ? [`${[event.subject.kind, event.subject.name].filter(Boolean).join(' ')}: ${event.outcome}: ${event.reason}`] : [],
  )
}

/** Returns the events that are not decisions. */
export function withoutDecisions(events: readonly CnbEvent[]): CnbEvent[] {
  return events.filter(({ type }) => type !== 'decision')
}
