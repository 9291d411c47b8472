/** Wakes all functions that wait. A ring before the wait has no effect: check the condition first. */

import type { Clock } from '../../../base/clock.ts'
import { throwIfAborted } from '../../../base/errors.ts'

export class Bell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Waits for the next ring. @throws CnbError CNB_INTERRUPTED */
  async wait(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    let wake = (): void => {}
    try {
      await new Promise<void>((resolve) => {
        wake = resolve
        this.#waiting.add(wake)
        signal.addEventListener('abort', wake)
      })
    } finally {
      this.#waiting.delete(wake)
      signal.removeEventListener('abort', wake)
    }
    throwIfAborted(signal)
  }

  /** Waits for the next ring, or for some time. @throws CnbError CNB_INTERRUPTED */
  async waitFor(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const other = new AbortController()
    const both = AbortSignal.any([signal, other.signal])
    // The abort below stops the later one, as intended.
    const ignore = (): void => {}
    const [rung, late] = [this.wait(both), clock.sleep(ms, both)]
    rung.catch(ignore)
    late.catch(ignore)
    try {
      await Promise.race([rung, late])
    } finally {
      other.abort()
    }
  }
}
