/** Output for programs that follow a run: one JSON line per event, the result or error last. */

import type { CnbError } from '../../base/errors.ts'
import type { CnbEvent } from '../../base/events.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import type { Terminal } from '../terminal.ts'
import { compactJson, SCHEMA_VERSION } from './json.ts'

export class NdjsonReporter implements Reporter {
  readonly #terminal: Terminal
  readonly #verbose: boolean

  constructor(terminal: Terminal, verbose: boolean) {
    this.#terminal = terminal
    this.#verbose = verbose
  }

  readonly events = (event: CnbEvent): void => {
    if (this.#verbose || (event.type !== 'debug' && event.type !== 'span')) this.#terminal.print(compactJson(event))
  }

  succeed(outcome: Outcome): void {
    this.#terminal.print(compactJson({ type: 'result', schemaVersion: SCHEMA_VERSION, ...(outcome.summary ?? outcome.data) }))
  }

  fail(error: CnbError): void {
    this.#terminal.print(compactJson({ type: 'error', schemaVersion: SCHEMA_VERSION, error: error.toJSON() }))
  }
}
