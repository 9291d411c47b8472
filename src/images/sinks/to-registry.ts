/** `--to registry`: publishes to the repositories of the image's names. */

import type { ImageSink } from '../image.ts'
import { publishIndex } from '../index/publish-index.ts'
import { repositoriesOf, saveToRegistry } from '../remote/registry-sink.ts'
import type { Sink, SinkServices } from './sink.ts'

export function toRegistry() {
  return {
    place: 'registry',
    store: 'registry',
    takesBlobs: true,
    describe: (tags) => `published as ${tags}`,
    open: ({ registries, blobs }: Pick<SinkServices, 'registries' | 'blobs'>): ImageSink => ({
      save: (plan, context) => saveToRegistry(registries, plan, blobs, context),
    }),
    openIndexes: ({ registries }) => ({ save: (plan, context) => publishIndex(registries, plan, context) }),
    async check(tags, registries, context) {
      await Promise.all(repositoriesOf(tags).map(({ reference }) => registries.repository(reference, 'push').checkPush(context)))
    },
  } as const satisfies Sink
}
