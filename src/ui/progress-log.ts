/** Human-readable progress on stderr. */

import type { CnbEvent } from '../base/events.ts'
import type { LiveDisplay } from './live/live-display.ts'
import type { PhaseSections } from './phase-sections.ts'
import { gerund } from './live/active-tasks.ts'
import { formatDuration } from './quantity.ts'
import { decisionLine, spanText } from './reporters/event-lines.ts'
import { sanitizeLine, sanitizeText } from './sanitize.ts'
import type { Terminal } from './terminal.ts'

/** Shorter steps and pulls are printed only with --verbose. */
const NOTABLE_MS = 500

/** The exit code of a phase that the user stopped, which is not a failure. */
const INTERRUPTED = 130

export interface ProgressLogOptions {
  readonly terminal: Terminal
  readonly activity: LiveDisplay
  readonly sections: PhaseSections
  readonly verbose: boolean
  /** Whether decisions are printed. */
  readonly explain?: boolean | undefined
}

/** Prints events as lines: headers, prefixed phase output, and the duration of each phase. */
export class ProgressLog {
  readonly #terminal: Terminal
  readonly #activity: LiveDisplay
  readonly #sections: PhaseSections
  readonly #verbose: boolean
  readonly #explain: boolean
  /** The phase with the most recent header that is still open. */
  #open: string | undefined
  #printed = false

  constructor({ terminal, activity, sections, verbose, explain = false }: ProgressLogOptions) {
    this.#terminal = terminal
    this.#activity = activity
    this.#sections = sections
    this.#verbose = verbose
    this.#explain = explain
  }

  readonly events = (event: CnbEvent): void => {
    // Hidden events are frequent; do not restart the spinner for them.
    if ((event.type === 'debug' || event.type === 'span') && !this.#verbose) return
    if (event.type === 'decision' && !this.#explain) return
    this.#activity.before(event)
    this.#tell(this.#lines(event))
    this.#activity.after()
  }

  /** Removes the live display and closes an open section; a result or error follows after a blank line. */
  stop(): void {
    this.#activity.stop()
    this.#close()
    if (this.#printed) this.#terminal.tell('')
  }

  #tell(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.#printed = true
    this.#terminal.tell(lines.join('\n'))
  }

  #frame(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.#printed = true
    this.#terminal.command(lines.join('\n'))
  }

  #lines(event: CnbEvent): string[] {
    const theme = this.#terminal.err
    const aside = (text: string): string => theme.dim(`     ${text}`)
    switch (event.type) {
      case 'phase.start':
        this.#close()
        this.#open = event.phase
        this.#frame(this.#sections.open(gerund(event.phase).toUpperCase()))
        return []
      case 'phase.line':
        return [`${theme.dim(`[${sanitizeText(event.phase)}]`)} ${sanitizeLine(event.line, theme.colored)}`]
      case 'app.start': {
        const what = event.process === undefined ? event.image : `process ${event.process} of ${event.image}`
        const note = event.note === undefined ? '' : ` (${event.note})`
        return [`${theme.success('Running')} ${sanitizeText(what)}${event.url === undefined ? '' : ` at ${theme.bold(sanitizeText(event.url))}`}${sanitizeText(note)}`]
      }
      case 'app.end':
        return this.#warning(event.reason ?? `the app ended with exit code ${event.exitCode}`)
      case 'failure':
        return [`${theme.error('ERROR:')} ${sanitizeText(event.message)}`, ...(event.hint === undefined ? [] : [`  ${sanitizeText(event.hint)}`])]
      case 'app.line':
        this.#terminal.print(`${this.#terminal.out.dim('[app]')} ${sanitizeLine(event.line, this.#terminal.out.colored)}`)
        return []
      case 'phase.end': {
        const time = formatDuration(event.durationMs)
        // Two phases may run at once: under the header of another phase, name the phase.
        const isOpen = this.#open === event.phase
        const prefix = isOpen ? '' : `${sanitizeText(event.phase)}: `
        if (isOpen) this.#close()
        const failed = (): string => `     ${theme.error(`${prefix}failed after ${time}`)} ${theme.dim(`(exit code ${event.exitCode})`)}`
        if (event.exitCode === INTERRUPTED) return [aside(`${prefix}stopped after ${time}`)]
        return [event.exitCode === 0 ? aside(`${prefix}done in ${time}`) : failed()]
      }
      case 'pull.start':
        // On a terminal, the live display shows the pull.
        return this.#terminal.animated ? [] : [`Pulling ${theme.name(sanitizeText(event.reference))}`]
      case 'pull.end':
        if (event.failed || !this.#isNotable(event.durationMs)) return []
        return [`Pulled ${theme.name(sanitizeText(event.reference))} ${theme.dim(`in ${formatDuration(event.durationMs)}`)}`]
      case 'step.end':
        if (!this.#isNotable(event.durationMs)) return []
        return [aside(`${sanitizeText(event.step)}: ${formatDuration(event.durationMs)}`)]
      case 'image': {
        const { image, status, durationMs } = event.report
        return this.#verbose ? [aside(`${sanitizeText(image)}: ${status} after ${formatDuration(durationMs)}`)] : []
      }
      case 'decision':
        return [decisionLine(event, theme)]
      case 'span':
        return [aside(spanText(event))]
      case 'info':
        return [sanitizeText(event.message)]
      case 'warning':
        return this.#warning(sanitizeText(event.message))
      case 'debug':
        return this.#verbose ? [theme.dim(sanitizeText(event.message))] : []
      case 'pull.progress':
      case 'upload.progress':
      case 'step.start':
        return []
    }
  }

  #warning(message: string): string[] {
    // Within a phase, the frame may disable workflow commands.
    const framed = this.#open === undefined ? this.#sections.warning(message) : undefined
    if (framed === undefined) return [`${this.#terminal.err.warning('Warning:')} ${message}`]
    this.#frame([framed])
    return []
  }

  #isNotable(durationMs: number): boolean {
    return this.#verbose || durationMs >= NOTABLE_MS
  }

  #close(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    this.#frame(this.#sections.close())
  }
}
