/** Signs of life while an operation is silent: a spinner or pull progress on a terminal, a line now and then off it. */

import type { CnbEvent } from '../../base/events.ts'
import { ActiveTasks } from './active-tasks.ts'
import type { Spinner } from './spinner.ts'
import type { Terminal } from '../terminal.ts'
import type { Schedule } from './timer.ts'

/** Shows what goes on between the lines that are printed. */
export interface LiveDisplay {
  /** Takes note of an event before its line, if any, is printed. */
  before(event: CnbEvent): void
  /** Goes on after it. */
  after(): void
  stop(): void
}

export interface DisplayClock {
  /** Milliseconds from any start. */
  now(): number
  readonly schedule: Schedule
}

/** Lines that follow each other faster than this get no spinner between them: it would only flicker. */
const CALM_MS = 250
/** Pull progress is drawn at most this often. */
const FRAME_MS = 80
const HEARTBEAT_MS = 30_000

/** Whether an event only moves what is shown already. */
function isProgress({ type }: CnbEvent): boolean {
  return type === 'pull.progress' || type === 'image'
}

/** For a terminal. */
export class TerminalDisplay implements LiveDisplay {
  readonly #terminal: Terminal
  readonly #spinner: Spinner
  readonly #clock: DisplayClock
  readonly #tasks = new ActiveTasks()
  #cancel: (() => void) | undefined
  #drawn = Number.NEGATIVE_INFINITY

  constructor(terminal: Terminal, spinner: Spinner, clock: DisplayClock) {
    this.#terminal = terminal
    this.#spinner = spinner
    this.#clock = clock
  }

  before(event: CnbEvent): void {
    this.#tasks.apply(event, this.#clock.now())
    if (isProgress(event)) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#spinner.hide()
    this.#drawn = Number.NEGATIVE_INFINITY
    if (this.#tasks.pulls.size === 0) this.#terminal.live([])
  }

  after(): void {
    if (this.#tasks.pulls.size > 0) this.#drawPulls()
    else this.#cancel ??= this.#clock.schedule(() => this.#spin(), CALM_MS)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#spinner.hide()
    this.#terminal.live([])
  }

  #spin(): void {
    const work = this.#tasks.work()
    if (!work) return
    this.#spinner.show(work.name, () => this.#tasks.howFar(work, this.#clock.now()))
  }

  #drawPulls(): void {
    const now = this.#clock.now()
    if (now - this.#drawn < FRAME_MS) return
    this.#drawn = now
    const pulls = [...this.#tasks.pulls.values()]
    const height = Math.max(1, Math.floor((this.#terminal.rows - 4) / pulls.length))
    const room = Math.max(1, this.#terminal.rows - 1)
    this.#terminal.live(pulls.flatMap((pull) => pull.lines(this.#terminal.err, this.#terminal.columns - 1, height)).slice(0, room))
  }
}

/** For pipes and logs: after 30 s of silence a line says what is still under way, so that nobody takes it for dead. */
export class Heartbeat implements LiveDisplay {
  readonly #tell: (line: string) => void
  readonly #clock: DisplayClock
  readonly #tasks = new ActiveTasks()
  #cancel: (() => void) | undefined

  /** @param tell prints one line */
  constructor(tell: (line: string) => void, clock: DisplayClock) {
    this.#tell = tell
    this.#clock = clock
  }

  before(event: CnbEvent): void {
    this.#tasks.apply(event, this.#clock.now())
    // Progress prints nothing here: it must not put off the line that tells of it.
    if (!isProgress(event)) this.stop()
  }

  after(): void {
    this.#cancel ??= this.#clock.schedule(() => this.#beat(), HEARTBEAT_MS)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #beat(): void {
    for (const pull of this.#tasks.pulls.values()) {
      const summary = pull.summary()
      this.#tell(`still pulling ${pull.reference}${summary === '' ? '' : ` (${summary})`}`)
    }
    const work = this.#tasks.work()
    if (this.#tasks.pulls.size === 0 && work) this.#tell(`still ${work.name}, for ${this.#tasks.howFar(work, this.#clock.now())}`)
    this.#cancel = undefined
    this.after()
  }
}
