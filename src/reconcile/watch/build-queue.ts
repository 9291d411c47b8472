/** Images that wait for a build: the most urgent first, one build of an image at a time. */

interface Waiting<T> {
  readonly priority: number
  readonly value: T
}

export class BuildQueue<T> {
  readonly #parallel: number
  readonly #waiting = new Map<string, Waiting<T>>()
  readonly #running = new Set<string>()

  /** @param parallel builds at a time */
  constructor(parallel: number) {
    this.#parallel = parallel
  }

  /** Adds an image, or replaces what waits for it, at its place in the order. */
  add(key: string, priority: number, value: T): void {
    this.#waiting.set(key, { priority, value })
  }

  /** Starts the most urgent of the images that no build runs for; of equal ones, the first that came. */
  start(): { readonly key: string; readonly value: T } | undefined {
    if (this.#running.size >= this.#parallel) return undefined
    let best: readonly [string, Waiting<T>] | undefined
    for (const entry of this.#waiting) {
      if (!this.#running.has(entry[0]) && (!best || entry[1].priority > best[1].priority)) best = entry
    }
    if (!best) return undefined
    const [key, { value }] = best
    this.#waiting.delete(key)
    this.#running.add(key)
    return { key, value }
  }

  end(key: string): void {
    this.#running.delete(key)
  }

  /** Removes and returns all that wait. */
  clear(): Map<string, T> {
    const values = new Map([...this.#waiting].map(([key, { value }]) => [key, value]))
    this.#waiting.clear()
    return values
  }

  isRunning(key: string): boolean {
    return this.#running.has(key)
  }
}
