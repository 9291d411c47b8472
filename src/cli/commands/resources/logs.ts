/** Definition of `cnb logs`. */

import { defineCommand, type OptionGroup } from '../../command.ts'
import { namespace, state } from '../../options/resources.ts'

const groups = [
  {
    title: 'Logs:',
    options: {
      build: { kind: 'number', flags: '-b, --build <number>', description: 'number of the build (default: the newest)' },
      follow: { kind: 'flag', flags: '-f, --follow', description: 'wait for more until the build ends' },
      times: { kind: 'flag', flags: '-t, --times', description: 'print the time of each line' },
      namespace,
      state,
    },
  },
] as const satisfies readonly OptionGroup[]

export const logsCommand = defineCommand({
  name: 'logs',
  summary: "print the log of an image's build",
  description: "Prints the stored log of a build: the newest one of the Image, or the one of --build.",
  argument: { name: 'image', description: 'name of the Image' },
  formats: ['human'],
  groups,
  examples: [
    { line: 'cnb logs shop', does: 'print the log of the newest build' },
    { line: 'cnb logs shop --build 3 -t', does: 'print the log of build 3, with times' },
  ],
  load: async () => (await import('./logs-handler.ts')).runLogs,
})
