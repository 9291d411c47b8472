/** How long a run that was interrupted still talks with the engine, which may never answer: whatever it clears up, in all. */

/** What is promised to users is 10 s: the rest is for ending the process. */
const LAST_WORDS_MS = 8000

/**
 * Aborted, with the reason that AbortSignal.timeout has, a while after the caller's signal is.
 * @param caller the signal of the whole run
 */
export function lastWords(caller: AbortSignal | undefined): AbortSignal {
  const ending = new AbortController()
  const begin = (): void => {
    const expire = (): void => ending.abort(new DOMException('the time to clear up is over', 'TimeoutError'))
    setTimeout(expire, LAST_WORDS_MS).unref()
  }
  if (caller?.aborted) begin()
  else caller?.addEventListener('abort', begin, { once: true })
  return ending.signal
}
