/** Waits that a bell, or the first of several events, ends. */

import { throwIfAborted } from '../../../base/errors.ts'

/** Wakes all functions that wait. A ring before the wait has no effect: check the condition first. */
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
}

/** Waits for the first of several, and stops the others. @throws CnbError CNB_INTERRUPTED, and the error of the first one */
export async function firstOf(waits: readonly ((signal: AbortSignal) => Promise<void>)[], signal: AbortSignal): Promise<void> {
  const others = new AbortController()
  const both = AbortSignal.any([signal, others.signal])
  const running = waits.map((wait) => wait(both))
  // The abort below stops the later ones, as intended.
  for (const each of running) each.catch(() => {})
  try {
    await Promise.race(running)
  } finally {
    others.abort()
  }
}
