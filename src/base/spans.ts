/** Span events (durations of engine calls, registry calls and internal work). */

import { finished, type Readable } from 'node:stream'
import type { CnbEvent, Context, EventSink, SpanArguments, SpanCategory } from './events.ts'

/** Ends a span. Further calls have no effect. */
export type EndSpan = (args?: SpanArguments) => void

/** A phase, a step, a pull, or the work of a span event; times in milliseconds since the process start. */
export interface Span {
  readonly category: SpanCategory | 'phase' | 'step' | 'pull'
  readonly name: string
  readonly start: number
  readonly end: number
  readonly args: object
}

const ignore: EndSpan = () => {}

/** Starts a span. The returned function ends it and emits the event. */
export function beginSpan(events: EventSink | undefined, category: SpanCategory, name: string): EndSpan {
  if (!events) return ignore
  const startMs = performance.now()
  let isOpen = true
  return (args) => {
    if (!isOpen) return
    isOpen = false
    events({ type: 'span', category, name, startMs, durationMs: performance.now() - startMs, ...(args ? { args } : {}) })
  }
}

/** Ends a span when the stream ends, fails or closes early. */
export function endWith(stream: Readable, end: EndSpan, args: SpanArguments): void {
  finished(stream, { writable: false }, (error) => end(error ? { ...args, ended: 'early' } : args))
}

/** Runs `work` in a span. @returns the result of `work` */
export async function measured<T>(context: Context, name: string, work: () => Promise<T>): Promise<T> {
  const end = beginSpan(context.events, 'work', name)
  try {
    return await work()
  } finally {
    end()
  }
}

/**
 * Returns the span that ends with an event; undefined for other events.
 * @param now the time of the event
 */
export function spanOf(event: CnbEvent, now: number): Span | undefined {
  switch (event.type) {
    case 'span':
      return { category: event.category, name: event.name, start: event.startMs, end: event.startMs + event.durationMs, args: event.args ?? {} }
    case 'step.end':
      return { category: 'step', name: event.step, start: now - event.durationMs, end: now, args: {} }
    case 'phase.end':
      return { category: 'phase', name: event.phase, start: now - event.durationMs, end: now, args: { exitCode: event.exitCode } }
    case 'pull.end':
      return { category: 'pull', name: event.reference, start: now - event.durationMs, end: now, args: { failed: event.failed ?? false } }
    default:
      return undefined
  }
}
