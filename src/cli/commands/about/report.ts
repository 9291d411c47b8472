/** Definition of `cnb report`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  { title: 'Report:', options: { explicit: { kind: 'flag', flags: '-e, --explicit', description: 'print image names and addresses of the configuration file' } } },
] as const satisfies readonly OptionGroup[]

export const reportCommand = defineCommand({
  name: 'report',
  summary: 'print the facts for a bug report',
  description: 'Prints the version, the platform, the supported APIs and the configuration file. Names and addresses in the file are replaced unless --explicit is set.',
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb report', does: 'print a report without names of images' },
    { line: 'cnb report --explicit', does: 'print the whole configuration file' },
  ],
  load: async () => (await import('./report-handler.ts')).runReport,
})
