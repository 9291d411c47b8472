/** The total time that an interrupted run has to clean up on an engine that may not respond. */

/** Users are promised 10 s in total: the rest is for ending the process. */
const CLEANUP_MS = 8000

/**
 * Returns a signal that is aborted some time after the caller's, with AbortSignal.timeout's kind of reason.
 * @param caller the signal of the whole run
 */
export function cleanupSignal(caller: AbortSignal | undefined): AbortSignal {
  const ending = new AbortController()
  const begin = (): void => {
    const expire = (): void => ending.abort(new DOMException('the time to clean up is over', 'TimeoutError'))
    setTimeout(expire, CLEANUP_MS).unref()
  }
  if (caller?.aborted) begin()
  else caller?.addEventListener('abort', begin, { once: true })
  return ending.signal
}
