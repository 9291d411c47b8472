/** `--timings`: adds to a result the phases, steps and pulls that took its time. */

import type { CnbEvent } from '../../../base/events.ts'
import { measured, type Span, spanOf } from '../../../base/spans.ts'
import type { CommandContext } from '../../command.ts'
import type { Reported } from './report-files.ts'
import { timingsText } from './timings-text.ts'

/** An entry of `timings` in the result. Entries overlap if they ran at the same time or one is a part of the other. */
export interface Timing {
  readonly kind: Span['category']
  readonly name: string
  /** Since the start of the process. */
  readonly startMs: number
  readonly durationMs: number
}

/** Single calls to the engine and to registries are parts of the others; CNB_TRACE writes them. */
const CALLS: readonly Span['category'][] = ['engine', 'registry']

/** Runs the command's work, and adds its timings to the outcome. */
export async function withTimings(session: CommandContext, work: (session: CommandContext) => Promise<Reported>): Promise<Reported> {
  const timings: Timing[] = []
  const listen = (event: CnbEvent): void => {
    const span = spanOf(event, performance.now())
    if (!span || CALLS.includes(span.category)) return
    timings.push({ kind: span.category, name: span.name, startMs: Math.round(span.start), durationMs: Math.round(span.end - span.start) })
  }
  const events = (event: CnbEvent): void => {
    listen(event)
    session.context.events?.(event)
  }
  timings.push({ kind: 'work', name: 'starting', startMs: 0, durationMs: Math.round(performance.now()) })
  // The session reports the connection to its own receiver only.
  const services = () => measured({ events: listen }, 'connecting to the engine', session.services)
  const { outcome, markdown } = await work({ ...session, services, context: { ...session.context, events } })
  const totalMs = performance.now()
  timings.sort((one, other) => one.startMs - other.startMs || other.durationMs - one.durationMs)
  return {
    outcome: {
      ...outcome,
      data: { ...outcome.data, timings },
      ...(outcome.summary ? { summary: { ...outcome.summary, timings } } : {}),
      text: (theme) => [timingsText(timings, totalMs, theme), '', outcome.text(theme)].join('\n'),
    },
    markdown,
  }
}
