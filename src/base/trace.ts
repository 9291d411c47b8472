/** CNB_TRACE: writes a run's spans in Chrome's trace event format, for Perfetto and chrome://tracing. */

import { randomUUID } from 'node:crypto'
import { closeSync, ftruncateSync, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CnbError } from './errors.ts'
import type { EventSink } from './events.ts'
import { spanOf, type Span } from './spans.ts'

/** Entries of the file ("Trace Event Format", complete events and metadata events); times in microseconds. */
type TraceEvent =
  | { ph: 'X'; name: string; cat: string; ts: number; dur: number; pid: number; tid: number; args: object }
  | { ph: 'M'; name: 'process_name' | 'thread_name'; pid: number; tid: number; args: { name: string } }

type Interval = Pick<Span, 'start' | 'end'>

export interface Trace {
  readonly events: EventSink
  close(): void
}

/** The trace has only one process. */
const PID = 1
/** The range of lane numbers for each category. */
const LANES = 1000
const CATEGORIES = ['phase', 'step', 'pull', 'work', 'engine', 'registry'] as const satisfies readonly Category[]
type Category = Span['category']

/** Written after each event, to keep the file valid if the process ends at any time. */
const END = '\n]\n'

/**
 * Creates the trace file of a run, in place of an earlier one. Only its owner can read it.
 * @param title the run's title, such as `cnb build`
 * @throws CnbError CNB_OUTPUT if the path is not a regular file or cannot be written
 */
export function openTrace(path: string, title: string): Trace {
  const file = openFile(path)
  /** The length of the events so far, where the next event replaces END. */
  let position = 0
  let isOpen = true
  const append = (text: string): void => {
    // Positions count bytes, and names may contain non-ASCII characters.
    const bytes = Buffer.from(`${text}${END}`)
    if (writeSync(file, bytes, 0, bytes.length, position) < bytes.length) throw new Error('the disk is full')
    position += bytes.length - END.length
  }
  const write = (event: TraceEvent): void => append(`,\n${JSON.stringify(event)}`)
  const lanes = new Lanes((tid, name) => write({ ph: 'M', name: 'thread_name', pid: PID, tid, args: { name } }))
  try {
    append(`[\n${JSON.stringify({ ph: 'M', name: 'process_name', pid: PID, tid: 0, args: { name: title } } satisfies TraceEvent)}`)
  } catch (error) {
    closeSync(file)
    throw cannotWrite(path, error)
  }
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
        // A full disk stops the trace, not the run. The space of the unfinished event is enough for the end.
        isOpen = false
        endAt(file, position)
      }
    },
    close: () => {
      isOpen = false
      closeSync(file)
    },
  }
}

/** Replaces the file with a new one: an earlier run that still writes its trace keeps the old file, which no longer has a name. */
function openFile(path: string): number {
  const temporary = join(dirname(path), `.cnb-${randomUUID()}.tmp`)
  let file: number | undefined
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found && !found.isFile()) throw new Error('it is not a regular file')
    file = openSync(temporary, 'wx', 0o600)
    renameSync(temporary, path)
    return file
  } catch (error) {
    if (file !== undefined) {
      closeSync(file)
      rmSync(temporary, { force: true })
    }
    throw cannotWrite(path, error)
  }
}

function cannotWrite(path: string, cause: unknown): CnbError {
  return new CnbError('CNB_OUTPUT', `cannot write the trace to ${path}: ${(cause as Error).message}`, {
    hint: 'Set CNB_TRACE to a regular file in a directory that exists and that you can write to.',
    cause,
  })
}

/** Ends the file after the events that fit. */
function endAt(file: number, position: number): void {
  try {
    ftruncateSync(file, position)
    writeSync(file, END, position)
  } catch {
    // Trace viewers also read an array without its end.
  }
}

/** Lanes (threads in the format). Two spans of one lane are disjoint or nested. */
class Lanes {
  /** By category and lane: the outermost spans, which are disjoint, in order of time. */
  readonly #taken = new Map<Category, Interval[][]>()
  readonly #onNew: (tid: number, name: string) => void

  /** @param onNew receives each lane before its first span */
  constructor(onNew: (tid: number, name: string) => void) {
    this.#onNew = onNew
  }

  /** Returns the number of the category's first lane with room for the span. Spans arrive approximately in order of their ends. */
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

/** Adds the span to the lane and replaces the spans inside it. Returns false if a span of the lane overlaps it partially. */
function fit(lane: Interval[], span: Interval): boolean {
  const inside = lane.findLastIndex(({ start }) => start < span.start) + 1
  const before = lane[inside - 1]
  if ((before && before.end > span.start) || lane.slice(inside).some(({ end }) => end > span.end)) return false
  lane.splice(inside, Infinity, span)
  return true
}
