/** Waits for streams that accept no more data for now. */

import type { Writable } from 'node:stream'

/** Calls `done` when the stream accepts more data, or accepts none any more: then only `close` is emitted, never `drain`. */
export function whenWritable(stream: Writable, done: () => void): void {
  if (!stream.writableNeedDrain || stream.destroyed) return done()
  const ready = (): void => {
    stream.off('drain', ready).off('close', ready)
    done()
  }
  stream.once('drain', ready).once('close', ready)
}
