/** Quiet mode: warnings, and the last lines of a failed phase. */

import type { CnbEvent } from '../base/events.ts'
import { sanitizeLine, sanitizeText } from './sanitize.ts'
import { decisionLine } from './reporters/event-lines.ts'
import type { Terminal } from './terminal.ts'

/** Usually enough lines to see why a phase failed. */
const TAIL = 20

export class QuietLog {
  readonly #terminal: Terminal
  readonly #explain: boolean
  /** By phase, because two may run at once. */
  readonly #tails = new Map<string, string[]>()

  /** @param explain whether decisions are printed */
  constructor(terminal: Terminal, explain = false) {
    this.#terminal = terminal
    this.#explain = explain
  }

  readonly events = (event: CnbEvent): void => {
    const theme = this.#terminal.err
    switch (event.type) {
      case 'warning':
        this.#terminal.tell(`${theme.warning('Warning:')} ${sanitizeText(event.message)}`)
        break
      case 'failure':
        this.#terminal.tell(`${theme.error('ERROR:')} ${sanitizeText(event.message)}`)
        break
      case 'decision':
        if (this.#explain) this.#terminal.tell(decisionLine(event, theme))
        break
      case 'phase.start':
        this.#tails.set(event.phase, [])
        break
      case 'phase.line': {
        const tail = this.#tails.get(event.phase) ?? []
        tail.push(`${theme.dim(`[${sanitizeText(event.phase)}]`)} ${sanitizeLine(event.line, theme.colored)}`)
        if (tail.length > TAIL) tail.shift()
        this.#tails.set(event.phase, tail)
        break
      }
      case 'phase.end': {
        const tail = this.#tails.get(event.phase) ?? []
        if (event.exitCode !== 0 && tail.length > 0) this.#terminal.tell(tail.join('\n'))
        this.#tails.delete(event.phase)
        break
      }
      default:
        break
    }
  }
}
