/** Reads the tars of added buildpacks while an engine starts the container that gets them. */

import { PassThrough, pipeline, type Readable } from 'node:stream'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'

/** Bytes in memory, for all tars together. */
const LIMIT = 16 * 1024 * 1024

/** Opened tars, in the order of the layers. Disposal closes them. */
export interface TarsAhead extends AsyncDisposable {
  readonly tars: readonly Promise<Readable>[]
}

/** Opens the layers and reads their first bytes: all of small layers. An error is thrown where a tar is awaited or read. */
export function readAhead(layers: readonly Layer[], { signal }: Context): TarsAhead {
  const tars = layers.map(async (layer) => buffered(await layer.open(signal), LIMIT / layers.length))
  for (const tar of tars) tar.catch(() => {})
  return {
    tars,
    async [Symbol.asyncDispose]() {
      for (const opened of await Promise.allSettled(tars)) if (opened.status === 'fulfilled') opened.value.destroy()
    },
  }
}

/** Reads up to `bytes` ahead. An error is thrown where the result is read. */
export function buffered(stream: Readable, bytes: number): Readable {
  const ahead = new PassThrough({ readableHighWaterMark: bytes })
  // An error without a listener would end the process; the next reader receives it anyway.
  ahead.on('error', () => {})
  return pipeline(stream, ahead, () => {})
}
