/** The current time, time limits and interruptible pauses; tests pass their own clock. */

import { setTimeout as pause } from 'node:timers/promises'
import { abortError } from './errors.ts'

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Waits `ms` milliseconds. @throws CnbError CNB_INTERRUPTED, or the signal's reason, as soon as it is aborted */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/**
 * Returns a signal that is aborted after some milliseconds. In Node.js 20, the garbage collector takes an AbortSignal.timeout that only
 * AbortSignal.any refers to, and then none of both is ever aborted; a listener keeps it (findings/node-abort-signal-any-timeout.sh).
 */
export function timeLimit(ms: number): AbortSignal {
  const limit = AbortSignal.timeout(ms)
  limit.addEventListener('abort', () => {}, { once: true })
  return limit
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
