/** `--timings`: adds to a result the phases, steps and pulls that took its time. */

import type { CnbEvent } from '../../../base/events.ts'
import { measured, type Span, spanOf } from '../../../base/spans.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { CommandContext } from '../../command.ts'
import { type Timing, timingsText } from './timings-text.ts'

export interface TimedSession {
  /** The session for the work to time. */
  readonly session: CommandContext
  /** Adds the timings so far to the outcome of the work. */
  added(outcome: Outcome): Outcome
}

/** Single calls to the engine and to registries are parts of the others; CNB_TRACE writes them. */
const CALLS: readonly Span['category'][] = ['engine', 'registry']

export function timeSession(session: CommandContext): TimedSession {
  const timings: Timing[] = [{ kind: 'work', name: 'starting', startMs: 0, durationMs: Math.round(performance.now()) }]
  const listen = (event: CnbEvent): void => {
    const span = spanOf(event, performance.now())
    if (!span || CALLS.includes(span.category)) return
    timings.push({ kind: span.category, name: span.name, startMs: Math.round(span.start), durationMs: Math.round(span.end - span.start) })
  }
  const events = (event: CnbEvent): void => {
    listen(event)
    session.context.events?.(event)
  }
  // The session reports the connection to its own receiver only.
  const services = () => measured({ events: listen }, 'connecting to the engine', session.services)
  return {
    session: { ...session, services, context: { ...session.context, events } },
    added(outcome) {
      const totalMs = performance.now()
      timings.sort((one, other) => one.startMs - other.startMs || other.durationMs - one.durationMs)
      return {
        ...outcome,
        data: { ...outcome.data, timings },
        ...(outcome.summary ? { summary: { ...outcome.summary, timings } } : {}),
        text: (theme) => [timingsText(timings, totalMs, theme), '', outcome.text(theme)].join('\n'),
      }
    },
  }
}
