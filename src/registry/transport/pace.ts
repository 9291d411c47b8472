/** The pace at which a reply's body has to come, however long it is. */

/** A reader that waits for bytes gets at least these in each span of time. */
const MIN_BYTES = 30 * 1024
const SPAN_MS = 30_000

/** A body that comes too slowly: the same request over another connection may do better. */
class StalledReply extends Error {
  readonly code = 'ETIMEDOUT'
}

export class Pace {
  readonly #onStall: (error: Error) => void
  #timer: NodeJS.Timeout | undefined
  #bytes = 0
  #paused = false
  /** Whether the reader made the other side wait in this span, which then says nothing of the other side. */
  #held = false

  /** @param onStall hears of it once */
  constructor(onStall: (error: Error) => void) {
    this.#onStall = onStall
  }

  /** Bytes are waited for from now on. */
  start(): void {
    this.#timer = setInterval(() => this.#check(), SPAN_MS).unref()
  }

  count(bytes: number): void {
    this.#bytes += bytes
  }

  /** The reader takes no bytes for the moment. */
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
    this.#onStall(new StalledReply(`it sent less than ${MIN_BYTES / 1024} KiB in ${SPAN_MS / 1000} s`))
  }
}
