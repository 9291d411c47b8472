/** Events of operations; reporters (src/ui) print them as text or JSON lines, or drop them. */

import type { Mask } from './lines/mask.ts'

/** The name of a lifecycle phase's binary: `analyzer`, `detector`, `restorer`, `builder`, `exporter`, … */
export type PhaseName = string

export type CnbEvent =
  /** A pull starts, makes progress, ends. `layer` is the engine's short ID; sizes are in bytes. */
  | { type: 'pull.start'; reference: string }
  | { type: 'pull.progress'; reference: string; layer: string; status: string; current?: number; total?: number }
  | { type: 'pull.end'; reference: string; durationMs: number; failed?: true }
  /** Bytes sent to a registry since the event before. */
  | { type: 'upload.progress'; to: string; bytes: number }
  /** Work of cnb itself that takes noticeable time, such as "uploading the app". */
  | { type: 'step.start'; step: string }
  | { type: 'step.end'; step: string; durationMs: number }
  /** A lifecycle phase; `phase.end` always follows `phase.start`, even after a failure. */
  | { type: 'phase.start'; phase: PhaseName }
  | { type: 'phase.line'; phase: PhaseName; stream: 'stdout' | 'stderr'; line: string }
  | { type: 'phase.end'; phase: PhaseName; durationMs: number; exitCode: number }
  /** A running app: its start, a line of its output, its unexpected end. */
  | { type: 'app.start'; image: string; process?: string; url?: string; note?: string }
  | { type: 'app.end'; exitCode?: number; reason?: string }
  | { type: 'app.line'; stream: 'stdout' | 'stderr'; line: string }
  /** One of a step's images is done; `report` is its entry in the result. */
  | { type: 'image'; step: string; done: number; failed: number; total: number; report: ImageReport }
  /** A choice that a user may question. */
  | { type: 'decision'; subject: DecisionSubject; outcome: string; reason: string }
  /** A completed call to an engine or a registry, or completed internal work (spans.ts). Milliseconds; `startMs` since the process start. */
  | { type: 'span'; category: SpanCategory; name: string; startMs: number; durationMs: number; args?: SpanArguments }
  /** An error after which the work continues. */
  | { type: 'failure'; code: string; message: string; hint?: string }
  | { type: 'info'; message: string }
  | { type: 'warning'; message: string }
  | { type: 'debug'; message: string }

/** The subject of a decision; `name` identifies it if there are several of its kind. */
export interface DecisionSubject {
  readonly kind: DecisionKind
  readonly name?: string
}

type DecisionKind =
  | 'app layer'
  | 'build'
  | 'builder'
  | 'buildpack'
  | 'cache'
  | 'cached layer'
  | 'extension'
  | 'files'
  | 'image'
  | 'layer'
  | 'lifecycle'
  | 'mirror'
  | 'platform'
  | 'platform api'
  | 'previous image'
  | 'process'
  | 'pull policy'
  | 'rebase'
  | 'run image'
  | 'source'
  | 'trust'

/** Calls to the engine, calls to registries, and work in this process. */
export type SpanCategory = 'engine' | 'registry' | 'work'

/** Never a secret: no header, query, or credential. */
export type SpanArguments = Readonly<Record<string, string | number>>

/** The result for one of many images. */
interface ImageReport {
  readonly image: string
  readonly status: string
  readonly durationMs: number
}

export type EventSink = (event: CnbEvent) => void

/** Common options of operations and port methods: the signal that aborts them and the receiver of their events. */
export interface Context {
  signal?: AbortSignal
  events?: EventSink
  /** Hides secrets in the output of containers, before anything else reads it. */
  mask?: Mask
}

/** Runs `work` between a `step.start` and a `step.end` event. @returns the result of `work` */
export async function step<T>(context: Context, name: string, work: () => Promise<T>): Promise<T> {
  context.events?.({ type: 'step.start', step: name })
  const start = performance.now()
  try {
    return await work()
  } finally {
    context.events?.({ type: 'step.end', step: name, durationMs: performance.now() - start })
  }
}

/**
 * Emits a decision.
 * @param outcome one or two words, or the name of the selected item
 * @param reason a sentence without a period, readable without the specification
 */
export function decide({ events }: Pick<Context, 'events'>, subject: DecisionSubject, outcome: string, reason: string): void {
  events?.({ type: 'decision', subject, outcome, reason })
}
