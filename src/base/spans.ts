/** Span events (durations of engine calls, registry calls and internal work). */

import { finished, type Readable } from 'node:stream'
import type { Context, EventSink, SpanArguments, SpanCategory } from './events.ts'

/** Ends a span. Further calls have no effect. */
export type EndSpan = (args?: SpanArguments) => void

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
