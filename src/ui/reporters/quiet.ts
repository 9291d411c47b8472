/** Output for scripts: one line on stdout; warnings and errors on stderr. */

import type { CnbError } from '../../base/errors.ts'
import { errorText } from '../error-text.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import { sanitizeText } from '../sanitize.ts'
import type { Terminal } from '../terminal.ts'
import { QuietLog } from '../quiet-log.ts'

export class QuietReporter implements Reporter {
  readonly events: Reporter['events']
  readonly #terminal: Terminal
  readonly #verbose: boolean

  constructor(terminal: Terminal, verbose: boolean, explain = false) {
    this.#terminal = terminal
    this.#verbose = verbose
    this.events = new QuietLog(terminal, explain).events
  }

  succeed(outcome: Outcome): void {
    if (outcome.line !== '') this.#terminal.print(sanitizeText(outcome.line))
    for (const failure of outcome.failures ?? []) this.fail(failure)
  }

  fail(error: CnbError): void {
    this.#terminal.tell(errorText(error, this.#terminal.err, this.#verbose))
  }
}
