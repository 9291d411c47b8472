/** A signal that several others abort. */

import { setMaxListeners } from 'node:events'

/** Joins signals. A build listens to the result once for each layer in transfer, of which Node.js would warn. */
export function joinedSignal(first: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  const joined = AbortSignal.any(other ? [first, other] : [first])
  setMaxListeners(0, joined)
  return joined
}
