/** Definition of `cnb cache ls`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  { title: 'List:', options: { size: { kind: 'flag', flags: '-s, --size', description: 'measure volumes too, which can take seconds' } } },
] as const satisfies readonly OptionGroup[]

export const listCachesCommand = defineCommand({
  name: 'cache ls',
  summary: 'list the caches of images',
  description: "Lists the volumes that builds keep on the engine, by image, and the user's cache directory.",
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb cache ls', does: 'list all caches, the last used first' },
    { line: 'cnb cache ls --size --output json', does: 'list them with sizes, for a program' },
  ],
  load: async () => (await import('./show-handler.ts')).runListCaches,
})
