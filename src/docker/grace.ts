/** A creation that is interrupted gets a while to end, since an engine goes on creating when its client has gone. */

/** How long a creation under way may still take once the user interrupts, in milliseconds. */
const CREATE_GRACE_MS = 5000

/** What a creation's request is given in place of the caller's signal; leaving the scope lets go of that. */
export class Grace implements Disposable {
  readonly #ending = new AbortController()
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller
    caller?.addEventListener('abort', this.#begin)
  }

  /** Aborted, with the caller's reason, a while after the caller's. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  readonly #begin = (): void => {
    this.#timer = setTimeout(() => this.#ending.abort(this.#caller?.reason), CREATE_GRACE_MS)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#begin)
  }
}
