/** Turns that the changes of one process share, so their flushes to the disk overlap. */

import { throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'

interface Change {
  readonly path: string
  readonly context: Context
  readonly reject: (error: unknown) => void
  /** Returns a function that reports the result. */
  readonly run: () => Promise<() => void>
}

/** Changes that come during a turn get the next one together. */
export class SharedTurns {
  readonly #take: (context: Context) => Promise<AsyncDisposable>
  readonly #waiting: Change[] = []
  #isRunning = false

  /** @param take waits for the turn of this process; disposal ends it */
  constructor(take: (context: Context) => Promise<AsyncDisposable>) {
    this.#take = take
  }

  /** Runs `work` in a turn, after earlier changes of the same path. @returns its result, after the end of the turn */
  run<R>(path: string, work: () => Promise<R>, context: Context): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const checked = async (): Promise<R> => {
        throwIfAborted(context.signal)
        return work()
      }
      const run = (): Promise<() => void> => checked().then((result) => () => resolve(result), (error: Error) => () => reject(error))
      this.#waiting.push({ path, context, reject, run })
      if (!this.#isRunning) void this.#runAll()
    })
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true
    for (let [first] = this.#waiting; first; [first] = this.#waiting) {
      const taken: Change[] = []
      try {
        for (const report of await this.#turn(first, taken)) report()
      } catch (error) {
        // Without a turn, only this one fails: the others may have another signal.
        if (taken.length === 0) taken.push(...this.#waiting.splice(0, 1))
        for (const { reject } of taken) reject(error)
      }
    }
    this.#isRunning = false
  }

  /** @param taken receives the changes that run in the turn */
  async #turn({ context }: Change, taken: Change[]): Promise<(() => void)[]> {
    await using _turn = await this.#take(context)
    taken.push(...this.#waiting.splice(0))
    const ends = new Map<string, Promise<unknown>>()
    const running = taken.map(({ path, run }) => {
      const end = (ends.get(path) ?? Promise.resolve()).then(run)
      ends.set(path, end)
      return end
    })
    // Without await, the turn would end before the changes.
    return await Promise.all(running)
  }
}
