/** Spans: how long each call over a wire and each piece of work takes. They are events; --verbose and CNB_TRACE listen. */

import { finished, type Readable } from 'node:stream'
import type { Context, EventSink, SpanArguments, SpanCategory } from './events.ts'

/** Ends a span. Only the first call counts. */
export type EndSpan = (args?: SpanArguments) => void

const ignore: EndSpan = () => {}

/** Starts a span; it is emitted when it ends. */
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

/** Ends a span when the stream has ended, or has failed or been closed before that. */
export function endWith(stream: Readable, end: EndSpan, args: SpanArguments): void {
  finished(stream, { writable: false }, (error) => end(error ? { ...args, ended: 'early' } : args))
}

/** Runs `work` in a span of its own. */
export async function measured<T>(context: Context, name: string, work: () => Promise<T>): Promise<T> {
  const end = beginSpan(context.events, 'work', name)
  try {
    return await work()
  } finally {
    end()
  }
}
