/** A signal that several others abort. */

import { setMaxListeners } from 'node:events'
import type { Context } from '../../base/events.ts'

/** Returns the context of work that ends when another process takes the lock over. */
export function holding(lock: { readonly signal: AbortSignal }, context: Context): Context & { readonly signal: AbortSignal } {
  return { ...context, signal: joinedSignal(lock.signal, context.signal) }
}

/** Joins signals. A build listens to the result once for each layer in transfer, of which Node.js would warn. */
export function joinedSignal(first: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  const joined = AbortSignal.any(other ? [first, other] : [first])
  setMaxListeners(0, joined)
  return joined
}
