/** Lets a caller abort its wait for shared work. */

import { abortError } from '../../base/errors.ts'

/** Returns the result of `shared`, unless the signal is aborted first; the work continues for other callers. */
export async function abortable<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return shared
  // If no caller is left, its failure must not be unhandled.
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
