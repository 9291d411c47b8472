/** A grace period for interrupted creations, which an engine completes without its client. */

/** How long a creation may continue after an interruption, in milliseconds. */
const CREATE_GRACE_MS = 5000

/** The signal of a creation's request instead of the caller's; disposal stops listening to the caller's. */
export class CreateGracePeriod implements Disposable {
  readonly #ending = new AbortController()
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller
    caller?.addEventListener('abort', this.#begin)
  }

  /** Aborted some time after the caller's signal, with its reason. */
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
