/** What a command's outcome and its way there are told by; there is one for each kind of reader in reporters/. */

import type { CnbError } from '../base/errors.ts'
import type { EventSink } from '../base/events.ts'
import type { Theme } from './theme.ts'

/** What a command found or made. */
export interface Outcome {
  /** For machines: what `--output json` prints, with a `schemaVersion` before it. */
  readonly data: object
  /** For scripts: what `--quiet` prints, one line. */
  readonly line: string
  /** For people; lines without the last line end, the most important one last. */
  text(theme: Theme): string
  /** What could not be done while the rest was; told after the text. */
  readonly failures?: readonly CnbError[]
  /** What the process ends with; 0 when absent. */
  readonly exit?: number
  /** In place of `data` for programs that were told of each part by an event already. */
  readonly summary?: object
}

/** Takes all that a run tells. After `succeed` or `fail` nothing more may come. */
export interface Reporter {
  readonly events: EventSink
  succeed(outcome: Outcome): void
  fail(error: CnbError): void
}
