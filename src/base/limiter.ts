/** How many of a kind may go on at once. */

export class Limiter {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#free = limit
  }

  /** Runs `work` as soon as fewer than the limit run, in the order of the calls; gives what it gives. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Handed over, and not freed first: nobody who comes now goes before those who wait.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
