/** Output for programs: a single document on stdout, the result or the error. */

import type { CnbError } from '../../base/errors.ts'
import type { EventSink } from '../../base/events.ts'
import { errorText } from '../error-text.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import { defuseDocument } from '../runner-commands.ts'
import type { ProgressLog } from '../progress-log.ts'
import type { Terminal } from '../terminal.ts'
import { QuietLog } from '../quiet-log.ts'

/** Incremented when a field changes its meaning or is removed, not when a field is added. */
export const SCHEMA_VERSION = 1

/** Writes a document as text: JSON, or another format that can represent the same values. */
export type Stringify = (document: object) => string

/** Valid in JSON strings: C1 controls (terminal commands), line separators, bidirectional controls. */
const CONTROLS = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g

/**
 * Escapes a document against terminals and CI runners; a parser reads the same values.
 * @param document JSON, YAML or TOML that keeps strings with control characters or `##` in double quotes
 */
export function escapeDocument(document: string): string {
  return defuseDocument(document.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

/** Indented JSON. */
export const prettyJson: Stringify = (document) => escapeDocument(JSON.stringify(document, null, 2))

/** JSON on one line. */
export const compactJson: Stringify = (document) => escapeDocument(JSON.stringify(document))

export class JsonReporter implements Reporter {
  readonly events: EventSink
  readonly #terminal: Terminal
  readonly #stringify: Stringify
  readonly #log: ProgressLog | undefined

  /**
   * @param log prints progress on stderr; set with --verbose
   * @param explain whether decisions are printed on stderr
   */
  constructor(terminal: Terminal, stringify: Stringify, log: ProgressLog | undefined, explain = false) {
    this.#terminal = terminal
    this.#stringify = stringify
    this.#log = log
    this.events = log?.events ?? new QuietLog(terminal, explain).events
  }

  succeed(outcome: Outcome): void {
    this.#log?.stop()
    for (const failure of outcome.failures ?? []) this.#tellError(failure)
    if (outcome.exact) this.#terminal.print(escapeDocument(outcome.text(this.#terminal.out)))
    else this.#print({ schemaVersion: SCHEMA_VERSION, ...outcome.data })
  }

  fail(error: CnbError): void {
    this.#log?.stop()
    this.#tellError(error)
    this.#print({ schemaVersion: SCHEMA_VERSION, error: error.toJSON() })
  }

  #tellError(error: CnbError): void {
    this.#terminal.tell(errorText(error, this.#terminal.err, this.#log !== undefined))
  }

  #print(document: object): void {
    this.#terminal.print(this.#stringify(document).trimEnd())
  }
}
