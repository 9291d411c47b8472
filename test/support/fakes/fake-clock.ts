/** A clock that a test advances. */

import type { Clock } from '../../../src/base/clock.ts'
import { abortError, throwIfAborted } from '../../../src/base/errors.ts'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export class FakeClock implements Clock {
  #now = 0
  readonly #sleepers = new Set<Sleeper>()

  now(): number {
    return this.#now
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    let stop = (): void => {}
    try {
      await new Promise<void>((resolve, reject) => {
        const sleeper = { at: this.#now + ms, wake: resolve }
        this.#sleepers.add(sleeper)
        stop = () => {
          this.#sleepers.delete(sleeper)
          if (signal?.aborted) reject(abortError(signal))
        }
        signal?.addEventListener('abort', stop)
      })
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Lets time pass at once: who wakes up sees the new time. */
  advance(ms: number): void {
    this.#now += ms
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
}
