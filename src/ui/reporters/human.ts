/** Output for people: progress on stderr, the result on stdout. */

import type { CnbError } from '../../base/errors.ts'
import { errorText } from '../error-text.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import type { ProgressLog } from '../progress-log.ts'
import type { Terminal } from '../terminal.ts'

export class HumanReporter implements Reporter {
  readonly events: Reporter['events']
  readonly #terminal: Terminal
  readonly #log: ProgressLog
  readonly #verbose: boolean

  constructor(terminal: Terminal, log: ProgressLog, verbose: boolean) {
    this.#terminal = terminal
    this.#log = log
    this.#verbose = verbose
    this.events = log.events
  }

  succeed(outcome: Outcome): void {
    this.#log.stop()
    const text = outcome.text(this.#terminal.out)
    if (text !== '') this.#terminal.print(text)
    for (const failure of outcome.failures ?? []) {
      this.#terminal.tell('')
      this.#tellError(failure)
    }
  }

  fail(error: CnbError): void {
    this.#log.stop()
    this.#tellError(error)
  }

  #tellError(error: CnbError): void {
    this.#terminal.tell(errorText(error, this.#terminal.err, this.#verbose))
  }
}
