/** For people: the way on stderr, the result on stdout. */

import type { CnbError } from '../../base/errors.ts'
import { errorText } from '../error-text.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import type { Talk } from '../progress-log.ts'
import type { Terminal } from '../terminal.ts'

export class HumanReporter implements Reporter {
  readonly events: Reporter['events']
  readonly #terminal: Terminal
  readonly #talk: Talk
  readonly #verbose: boolean

  constructor(terminal: Terminal, talk: Talk, verbose: boolean) {
    this.#terminal = terminal
    this.#talk = talk
    this.#verbose = verbose
    this.events = talk.events
  }

  succeed(outcome: Outcome): void {
    this.#talk.stop()
    this.#terminal.print(outcome.text(this.#terminal.out))
    for (const failure of outcome.failures ?? []) {
      this.#terminal.tell('')
      this.#tellError(failure)
    }
  }

  fail(error: CnbError): void {
    this.#talk.stop()
    this.#tellError(error)
  }

  #tellError(error: CnbError): void {
    this.#terminal.tell(errorText(error, this.#terminal.err, this.#verbose))
  }
}
