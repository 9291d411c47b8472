/** Downloads the blobs of layers before they are read. */

import type { Context } from '../../base/events.ts'
import { Limiter } from '../../base/limiter.ts'
import type { Layer } from '../image.ts'

/** Concurrent downloads. */
const AT_ONCE = 4

/**
 * Starts to download the blobs that have a cache, in the order of the layers. A failure is ignored here: opening the layer downloads
 * its blob again, and throws the error. Disposal starts no more downloads, and waits for those that are running.
 */
export function fetchAhead(layers: readonly Layer[], context: Context): AsyncDisposable {
  let ended = false
  const limit = new Limiter(AT_ONCE)
  const fetching = Promise.allSettled(layers.map(({ blob }) => limit.run(async () => {
    if (!ended) await blob?.fetch?.(context)
  })))
  return {
    async [Symbol.asyncDispose]() {
      ended = true
      await fetching
    },
  }
}
