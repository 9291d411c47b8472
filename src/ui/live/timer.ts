/** A timer that tests can replace. */

/** Calls `callback` once after `ms` milliseconds. @returns a function that cancels the call */
export type Schedule = (callback: () => void, ms: number) => () => void

/** Node's timer; it does not keep the process alive. */
export const schedule: Schedule = (callback, ms) => {
  const timer = setTimeout(callback, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
