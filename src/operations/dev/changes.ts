/** Changes of an app that no build has read yet. */

import { abortError, type CnbError, throwIfAborted } from '../../base/errors.ts'

/** A save is several changes within a few milliseconds; a checkout is a longer series. */
const QUIET_MS = 40
/** The longest timer. A watch does not keep Node running, and before the first app nothing else does. */
const FOREVER_MS = 2 ** 31 - 1
/** After this time, a build starts although changes continue. */
const LONGEST_MS = 1000

export class Changes {
  readonly #quietMs: number
  #first: number | undefined
  #last = 0
  #path = ''
  #failure: CnbError | undefined
  #wake: () => void = () => {}

  constructor(quietMs = QUIET_MS) {
    this.#quietMs = quietMs
  }

  /** For AppWatch. */
  readonly add = (path: string): void => {
    this.#last = performance.now()
    if (this.#first === undefined) this.#path = path
    this.#first ??= this.#last
    this.#wake()
  }

  readonly fail = (error: CnbError): void => {
    this.#failure = error
    this.add('')
  }

  /** Waits for a change, and for its end. The next call waits for a later change. @returns its first path @throws the error of `fail`, and the signal's */
  async next(signal: AbortSignal | undefined): Promise<string> {
    for (;;) {
      throwIfAborted(signal)
      if (this.#failure) throw this.#failure
      const rest = this.#first === undefined ? FOREVER_MS : Math.min(this.#last + this.#quietMs, this.#first + LONGEST_MS) - performance.now()
      if (rest <= 0) break
      await this.#sleep(rest, signal)
    }
    this.#first = undefined
    return this.#path
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(resolve), ms)
      const stop = (): void => end(() => reject(abortError(signal!)))
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
        settle()
      }
      this.#wake = () => end(resolve)
      signal?.addEventListener('abort', stop, { once: true })
    })
  }
}
