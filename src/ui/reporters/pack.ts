/** Output as of pack: everything but errors on stdout, where scripts read it. */

import type { CnbError } from '../../base/errors.ts'
import type { CnbEvent } from '../../base/events.ts'
import { errorText } from '../error-text.ts'
import { gerund } from '../live/active-tasks.ts'
import type { Outcome, Reporter } from '../reporter.ts'
import { sanitizeLine, sanitizeText } from '../sanitize.ts'
import type { Terminal } from '../terminal.ts'
import type { Stringify } from './json.ts'

export interface PackReporterOptions {
  readonly quiet: boolean
  readonly verbose: boolean
  /** Writes the result as a document; only then, warnings are on stderr. */
  readonly stringify?: Stringify
}

export class PackReporter implements Reporter {
  readonly #terminal: Terminal
  readonly #options: PackReporterOptions

  constructor(terminal: Terminal, options: PackReporterOptions) {
    this.#terminal = terminal
    this.#options = options
  }

  readonly events = (event: CnbEvent): void => {
    const { quiet, stringify } = this.#options
    const lines = this.#lines(event)
    if (lines === undefined || (event.type !== 'warning' && (quiet || stringify))) return
    if (stringify) this.#terminal.tell(lines)
    else this.#print(lines)
  }

  succeed(outcome: Outcome): void {
    const { quiet, stringify } = this.#options
    if (stringify && !quiet) this.#terminal.print(stringify(outcome.data).trimEnd())
    else {
      const text = quiet ? outcome.line : outcome.text(this.#terminal.out)
      if (text !== '') this.#print(text)
    }
    for (const failure of outcome.failures ?? []) this.fail(failure)
  }

  fail(error: CnbError): void {
    this.#terminal.tell(errorText(error, this.#terminal.err, this.#options.verbose))
  }

  #print(text: string): void {
    this.#terminal.print(this.#terminal.stamped(text))
  }

  #lines(event: CnbEvent): string | undefined {
    const theme = this.#terminal.out
    switch (event.type) {
      case 'phase.start':
        return theme.heading(`===> ${gerund(event.phase).toUpperCase()}`)
      case 'phase.line':
        return `${theme.dim(`[${sanitizeText(event.phase)}]`)} ${sanitizeLine(event.line, theme.colored)}`
      case 'warning':
        return `${theme.warning('Warning: ')}${sanitizeText(event.message)}`
      case 'info':
        return sanitizeText(event.message)
      case 'pull.start':
        return this.#options.verbose ? `Pulling image ${theme.name(sanitizeText(event.reference))}` : undefined
      case 'debug':
        return this.#options.verbose ? theme.dim(sanitizeText(event.message)) : undefined
      default:
        return undefined
    }
  }
}
