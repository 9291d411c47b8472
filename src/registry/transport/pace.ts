/** Enforces a minimum speed of a reply's body. */

/** The bytes that must arrive in each time span while a reader waits. */
const MIN_BYTES = 30 * 1024
const SPAN_MS = 30_000

/** A body arrives too slowly: the same request over another connection may be faster. */
class StalledReply extends Error {
  readonly code = 'ETIMEDOUT'
}

export class Pace {
  readonly #onStall: (error: Error) => void
  #timer: NodeJS.Timeout | undefined
  #bytes = 0
  #paused = false
  /** Whether the reader paused the sender in this span, which then does not count. */
  #held = false

  /** @param onStall receives the error, once */
  constructor(onStall: (error: Error) => void) {
    this.#onStall = onStall
  }

  /** Starts waiting for bytes. */
  start(): void {
    this.#timer = setInterval(() => this.#check(), SPAN_MS).unref()
  }

  count(bytes: number): void {
    this.#bytes += bytes
  }

  /** Pauses while the reader takes no bytes. */
  pause(): void {
    this.#paused = this.#held = true
  }

  resume(): void {
    this.#paused = false
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #check(): void {
    const isSlow = !this.#held && this.#bytes < MIN_BYTES
    this.#bytes = 0
    this.#held = this.#paused
    if (!isSlow) return
    this.stop()
    this.#onStall(new StalledReply(`less than ${MIN_BYTES / 1024} KiB arrived in ${SPAN_MS / 1000} s`))
  }
}
