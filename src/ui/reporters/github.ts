/** For GitHub Actions' log: as for people, with an error also as an annotation. */

import type { CnbError } from '../../base/errors.ts'
import { errorText } from '../error-text.ts'
import { escapeData, escapeProperty } from '../framing.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import { sanitizeText } from '../sanitize.ts'
import type { Talk } from '../talk.ts'
import type { Terminal } from '../terminal.ts'

/** A line that the runner would take for a command, made one that it does not. */
function defuse(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1\u200b:').replaceAll('##[', '##\u200b[')
}

export class GithubReporter implements Reporter {
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
    this.#terminal.print(defuse(outcome.text(this.#terminal.out)))
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
    this.#terminal.tell(defuse(errorText(error, this.#terminal.err, this.#verbose)))
    const { position } = error
    const properties = [
      `title=${escapeProperty(`cnb: ${error.code}`)}`,
      ...(position ? [`file=${escapeProperty(sanitizeText(position.file))}`] : []),
      ...(position?.line === undefined ? [] : [`line=${position.line}`]),
      ...(position?.column === undefined ? [] : [`col=${position.column}`]),
    ]
    const message = sanitizeText([error.message, ...(error.hint ? [error.hint] : [])].join('\n'))
    this.#terminal.tell(`::error ${properties.join(',')}::${escapeData(message)}`)
  }
}
