/** Output for a GitHub Actions log: human-readable, with errors as annotations. */

import type { CnbError } from '../../base/errors.ts'
import { escapeData, escapeProperty } from '../phase-sections.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import { sanitizeText } from '../sanitize.ts'
import type { Terminal } from '../terminal.ts'
import type { HumanReporter } from './human.ts'

export class GithubReporter implements Reporter {
  readonly events: Reporter['events']
  readonly #terminal: Terminal
  readonly #human: HumanReporter

  constructor(terminal: Terminal, human: HumanReporter) {
    this.#terminal = terminal
    this.#human = human
    this.events = human.events
  }

  succeed(outcome: Outcome): void {
    this.#human.succeed(outcome)
    for (const failure of outcome.failures ?? []) this.#annotate(failure)
  }

  fail(error: CnbError): void {
    this.#human.fail(error)
    this.#annotate(error)
  }

  #annotate({ code, message, hint, position }: CnbError): void {
    const properties = [
      `title=${escapeProperty(`cnb: ${code}`)}`,
      ...(position ? [`file=${escapeProperty(sanitizeText(position.file))}`] : []),
      ...(position?.line === undefined ? [] : [`line=${position.line}`]),
      ...(position?.column === undefined ? [] : [`col=${position.column}`]),
    ]
    const text = sanitizeText([message, ...(hint ? [hint] : [])].join('\n'))
    this.#terminal.command(`::error ${properties.join(',')}::${escapeData(text)}`)
  }
}
