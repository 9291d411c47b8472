/** Waiting for work that several share. */

import { abortError } from '../../base/errors.ts'

/** What `shared` gives, or the signal's abort, whichever is first; the work itself goes on for the others. */
export async function abortable<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return shared
  // Nobody may be left to hear of its failure.
  shared.catch(() => {})
  if (signal.aborted) throw abortError(signal)
  let stop = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(abortError(signal))
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([shared, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
