/** The current time and interruptible pauses; tests pass their own clock. */

import { setTimeout as pause } from 'node:timers/promises'
import { abortError } from './errors.ts'

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Waits `ms` milliseconds. @throws CnbError CNB_INTERRUPTED, or the signal's reason, as soon as it is aborted */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await pause(ms, undefined, { signal })
    } catch (error) {
      throw signal?.aborted ? abortError(signal) : error
    }
  },
}
