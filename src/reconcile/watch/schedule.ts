/** When something is polled: each entry at its interval, spread in time, and less often while it fails. */

/** A retry never waits longer, unless the interval itself is longer. */
const LONGEST_RETRY = 15 * 60_000
/** The first retry of something that is polled once. */
const FIRST_RETRY = 60_000
/** The part of an interval by which polls come earlier, at random: then they do not all come at once. */
const SPREAD = 0.2

interface Entry {
  interval: number
  /** Infinity while it is polled, and if it is never polled again. */
  due: number
  /** Hurried while it is polled. */
  again: boolean
  isTaken: boolean
  failures: number
}

/** Times are milliseconds of any clock that does not jump. */
export class Schedule {
  readonly #entries = new Map<string, Entry>()
  readonly #random: () => number

  /** @param random returns a number from 0 to 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Replaces the entries. New ones are due at once; others keep their time. @param intervals Infinity: polled until it succeeds once */
  replace(intervals: ReadonlyMap<string, number>, now: number): void {
    for (const key of this.#entries.keys()) if (!intervals.has(key)) this.#entries.delete(key)
    for (const [key, interval] of intervals) {
      const known = this.#entries.get(key)
      if (known) known.interval = interval
      else this.#entries.set(key, { interval, due: now, again: false, isTaken: false, failures: 0 })
    }
  }

  /** Returns the keys that are due. None of them is due again before `done`. */
  take(now: number): string[] {
    const due = [...this.#entries].filter(([, entry]) => !entry.isTaken && entry.due <= now)
    for (const [, entry] of due) entry.isTaken = true
    return due.map(([key]) => key)
  }

  done(key: string, now: number, hasFailed: boolean): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    entry.failures = hasFailed ? entry.failures + 1 : 0
    entry.isTaken = false
    entry.due = entry.again ? now : now + this.#pause(entry)
    entry.again = false
  }

  /** Makes an entry due at a time, unless it is due before. Returns whether there is such an entry. */
  hurry(key: string, at: number): boolean {
    const entry = this.#entries.get(key)
    if (!entry) return false
    if (entry.isTaken) entry.again = true
    else entry.due = Math.min(entry.due, at)
    return true
  }

  /** Returns the time at which something is due; Infinity if nothing ever is. */
  next(): number {
    let next = Infinity
    for (const { due, isTaken } of this.#entries.values()) if (!isTaken) next = Math.min(next, due)
    return next
  }

  #pause({ interval, failures }: Entry): number {
    const pause = failures === 0 ? interval : retryPause(failures, interval)
    return Number.isFinite(pause) ? pause * (1 - SPREAD * this.#random()) : pause
  }
}

/** Returns the pause after failures in succession: at first the interval, then twice as long each time. */
export function retryPause(failures: number, interval = FIRST_RETRY): number {
  const first = Number.isFinite(interval) ? interval : FIRST_RETRY
  return Math.min(first * 2 ** (failures - 1), Math.max(first, LONGEST_RETRY))
}
