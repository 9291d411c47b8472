/** An operation's way when nobody asked for it: warnings, and the last lines of a phase that failed. */

import type { CnbEvent } from '../base/events.ts'
import { sanitizeLine, sanitizeText } from './sanitize.ts'
import type { Terminal } from './terminal.ts'

/** Enough to see why a phase failed. */
const TAIL = 20

export class Whisper {
  readonly #terminal: Terminal
  #tail: string[] = []

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  readonly events = (event: CnbEvent): void => {
    const theme = this.#terminal.err
    switch (event.type) {
      case 'warning':
        this.#terminal.tell(`${theme.warning('Warning:')} ${sanitizeText(event.message)}`)
        break
      case 'phase.start':
        this.#tail = []
        break
      case 'phase.line':
        this.#tail.push(`${theme.dim(`[${sanitizeText(event.phase)}]`)} ${sanitizeLine(event.line, theme.colored)}`)
        if (this.#tail.length > TAIL) this.#tail.shift()
        break
      case 'phase.end':
        if (event.exitCode !== 0 && this.#tail.length > 0) this.#terminal.tell(this.#tail.join('\n'))
        this.#tail = []
        break
      default:
        break
    }
  }
}
