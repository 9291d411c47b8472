/** A limit on the number of concurrent operations. */

export class Limiter {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#free = limit
  }

  /** Runs `work` once fewer than `limit` calls are running, in call order. @returns the result of `work` */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Hand the slot to the next waiting call directly; freeing it first would let a new call overtake.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
