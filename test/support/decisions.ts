/** What was decided in a run, as tests compare it. */

import type { CnbEvent } from '../../src/base/events.ts'

/** Each decision as `kind name: outcome: reason`. */
export function decisionsOf(events: readonly CnbEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'decision' ? [`${[event.subject.kind, event.subject.name].filter(Boolean).join(' ')}: ${event.outcome}: ${event.reason}`] : [],
  )
}

/** The events that are not decisions. */
export function withoutDecisions(events: readonly CnbEvent[]): CnbEvent[] {
  return events.filter(({ type }) => type !== 'decision')
}
