/** The interface of reporters, which print events and results; reporters/ has one per output format. */

import type { CnbError } from '../base/errors.ts'
import type { EventSink } from '../base/events.ts'
import type { Theme } from './theme.ts'

/** The result of a command. */
export interface Outcome {
  /** The document of `--output json`, without its `schemaVersion`. */
  readonly data: object
  /** The line that `--quiet` prints. */
  readonly line: string
  /** Returns the text for people: lines without a final newline, the most important one last. An empty text is not printed. */
  text(theme: Theme): string
  /** Whether the text replaces `data` in JSON and YAML too, because another program determines the form. */
  readonly exact?: boolean
  /** Partial failures, printed after the text. */
  readonly failures?: readonly CnbError[]
  /** The exit code; default 0. */
  readonly exit?: number
  /** Replaces `data` in ndjson output, where events have already reported each part. */
  readonly summary?: object
}

/** Receives all events of a run. After `succeed` or `fail`, no call may follow. */
export interface Reporter {
  readonly events: EventSink
  succeed(outcome: Outcome): void
  fail(error: CnbError): void
}
