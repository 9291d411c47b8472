/** All kinds of sinks. To add one, write its file and add it here. */

import type { SinkKind } from './sink.ts'

/** The kinds, in the order of places in results. A result has the image's ID and names in its first place. */
export const SINKS: readonly SinkKind[] = [
  { form: 'engine', load: async () => (await import('./to-engine.ts')).toEngine },
  { form: 'registry', load: async () => (await import('./to-registry.ts')).toRegistry },
  { form: 'oci:DIR', load: async () => (await import('./to-oci-layout.ts')).toOciLayout },
  { form: 'layout-repo:DIR', load: async () => (await import('./to-layout-repository.ts')).toLayoutRepository },
]
