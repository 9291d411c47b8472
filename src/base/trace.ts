/** `CNB_TRACE`: a run's spans in a file of Chrome's trace event format, which Perfetto and chrome://tracing open. */

import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { CnbError } from './errors.ts'
import type { CnbEvent, EventSink } from './events.ts'

/** Members of the format ("Trace Event Format", complete events and metadata events); times in microseconds. */
type TraceEvent =
  | { ph: 'X'; name: string; cat: string; ts: number; dur: number; pid: number; tid: number; args: object }
  | { ph: 'M'; name: 'process_name' | 'thread_name'; pid: number; tid: number; args: { name: string } }

interface Interval {
  readonly start: number
  readonly end: number
}

export interface Trace {
  readonly events: EventSink
  close(): void
}

/** There is one process. */
const PID = 1
/** Lanes of one category have numbers after each other. */
const LANES = 1000
const CATEGORIES = ['phase', 'step', 'pull', 'work', 'engine', 'registry'] as const
type Category = (typeof CATEGORIES)[number]

/** After each event, so that the file is valid whenever the process ends. */
const END = '\n]\n'

/**
 * Opens the file for a run, in place of what it held. Only its owner can read it.
 * @param title names the run, such as `cnb build`
 * @throws CnbError CNB_OUTPUT for what is no regular file, or cannot be written
 */
export function openTrace(path: string, title: string): Trace {
  const file = openFile(path)
  let position = writeSync(file, `[${END}`, 0) - END.length
  let isFirst = true
  let isOpen = true
  const write = (event: TraceEvent): void => {
    // Positions are bytes, and names may be more than ASCII.
    const bytes = Buffer.from(`${isFirst ? '\n' : ',\n'}${JSON.stringify(event)}${END}`)
    isFirst = false
    position += writeSync(file, bytes, 0, bytes.length, position) - END.length
  }
  const lanes = new Lanes((tid, name) => write({ ph: 'M', name: 'thread_name', pid: PID, tid, args: { name } }))
  write({ ph: 'M', name: 'process_name', pid: PID, tid: 0, args: { name: title } })
  return {
    events: (event) => {
      const span = isOpen ? spanOf(event, performance.now()) : undefined
      if (!span) return
      const { name, category, start, end, args } = span
      const ts = Math.round(start * 1000)
      const dur = Math.round(end * 1000) - ts
      try {
        write({ ph: 'X', name, cat: category, ts, dur, pid: PID, tid: lanes.take(category, { start: ts, end: ts + dur }), args })
      } catch {
        // A full disk does not end the run, whose result matters more.
        isOpen = false
      }
    },
    close: () => {
      isOpen = false
      closeSync(file)
    },
  }
}

function openFile(path: string): number {
  let file: number | undefined
  try {
    // Neither waits for a pipe's reader nor follows a link that somebody put there.
    file = openSync(path, constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0), 0o600)
    if (!fstatSync(file).isFile()) throw new Error('it is not a regular file')
    fchmodSync(file, 0o600)
    ftruncateSync(file)
    return file
  } catch (error) {
    if (file !== undefined) closeSync(file)
    throw new CnbError('CNB_OUTPUT', `cannot write the trace to ${path}: ${(error as Error).message}`, {
      hint: 'Set CNB_TRACE to the path of a regular file.',
      cause: error,
    })
  }
}

interface Span extends Interval {
  readonly category: Category
  readonly name: string
  readonly args: object
}

/** What an event says has ended, in milliseconds since the process began. @param now when the event came */
function spanOf(event: CnbEvent, now: number): Span | undefined {
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

/** Lanes (threads, for the format), in each of which every two spans are apart or one holds the other. */
class Lanes {
  /** By category and lane: the outermost spans, which are apart, in the order of their times. */
  readonly #taken = new Map<Category, Interval[][]>()
  readonly #onNew: (tid: number, name: string) => void

  /** @param onNew hears of each lane before its first span */
  constructor(onNew: (tid: number, name: string) => void) {
    this.#onNew = onNew
  }

  /** The number of the first lane of the category that has room for the span. Spans come in about the order of their ends. */
  take(category: Category, span: Interval): number {
    const lanes = this.#taken.get(category) ?? []
    this.#taken.set(category, lanes)
    const first = CATEGORIES.indexOf(category) * LANES + 1
    const free = lanes.findIndex((lane) => fit(lane, span))
    if (free >= 0) return first + free
    lanes.push([span])
    this.#onNew(first + lanes.length - 1, lanes.length === 1 ? category : `${category} ${lanes.length}`)
    return first + lanes.length - 1
  }
}

/** Adds the span to the lane, in the place of those that it holds; false where one overlaps it. */
function fit(lane: Interval[], span: Interval): boolean {
  const inside = lane.findLastIndex(({ start }) => start < span.start) + 1
  const before = lane[inside - 1]
  if ((before && before.end > span.start) || lane.slice(inside).some(({ end }) => end > span.end)) return false
  lane.splice(inside, Infinity, span)
  return true
}
