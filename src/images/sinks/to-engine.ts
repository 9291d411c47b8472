/** `--to engine`: saves to the container engine under the image's names. */

import type { Sink } from './sink.ts'

export function toEngine(): Sink {
  return {
    place: 'engine',
    store: 'engine',
    takesBlobs: false,
    describe: (tags) => `on the engine as ${tags}`,
    open: ({ engine }) => engine,
    previous: (_, { engine }) => engine,
  }
}
