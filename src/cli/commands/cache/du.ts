/** Definition of `cnb cache du`. */

import { defineCommand, SHOWING_FORMATS } from '../../command.ts'

export const measureCachesCommand = defineCommand({
  name: 'cache du',
  summary: 'show the sizes of caches',
  description: 'Measures the volumes that builds keep on the engine, by image and kind, and the cache directory. The engine reads all of its volumes for that.',
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb cache du', does: 'show sizes by image and kind, the largest first' },
    { line: 'cnb cache du --output json', does: 'show the sizes of all volumes' },
  ],
  load: async () => (await import('./show-handler.ts')).runMeasureCaches,
})
