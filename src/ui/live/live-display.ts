/** Activity display: a spinner or pull progress on a terminal, an occasional line elsewhere. */

import type { CnbEvent } from '../../base/events.ts'
import { ActiveTasks } from './active-tasks.ts'
import type { Spinner } from './spinner.ts'
import type { Terminal } from '../terminal.ts'
import type { Schedule } from './timer.ts'

/** Displays activity between printed lines. */
export interface LiveDisplay {
  /** Updates the state from an event, before the event's line is printed. */
  before(event: CnbEvent): void
  /** Resumes the display after the line is printed. */
  after(): void
  stop(): void
}

export interface DisplayClock {
  /** Milliseconds since an arbitrary start. */
  now(): number
  readonly schedule: Schedule
}

/** No spinner appears between lines that follow each other faster than this: it would flicker. */
const CALM_MS = 250
/** Minimum interval between two redraws of pull progress. */
const FRAME_MS = 80
const HEARTBEAT_MS = 30_000

/** Whether an event only updates the progress of a running task. */
function isProgress({ type }: CnbEvent): boolean {
  return type === 'pull.progress' || type === 'upload.progress' || type === 'image'
}

/** Display for a terminal. */
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

/** Display for pipes and logs: after 30 s without output, prints a line with the running tasks. */
export class Heartbeat implements LiveDisplay {
  readonly #print: (line: string) => void
  readonly #clock: DisplayClock
  readonly #tasks = new ActiveTasks()
  #cancel: (() => void) | undefined

  /** @param print prints one line */
  constructor(print: (line: string) => void, clock: DisplayClock) {
    this.#print = print
    this.#clock = clock
  }

  before(event: CnbEvent): void {
    this.#tasks.apply(event, this.#clock.now())
    // Progress prints nothing here, and must not delay the heartbeat line.
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
      this.#print(`still pulling ${pull.reference}${summary === '' ? '' : ` (${summary})`}`)
    }
    const work = this.#tasks.work()
    if (this.#tasks.pulls.size === 0 && work) this.#print(`still ${work.name}, for ${this.#tasks.howFar(work, this.#clock.now())}`)
    this.#cancel = undefined
    this.after()
  }
}
