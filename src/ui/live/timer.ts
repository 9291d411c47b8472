/** Doing something later, in a way that tests can hold in their hands. */

/** Calls `callback` once after `ms`; what it gives cancels that. */
export type Schedule = (callback: () => void, ms: number) => () => void

/** Node's timer, which does not keep the process alive. */
export const schedule: Schedule = (callback, ms) => {
  const timer = setTimeout(callback, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
