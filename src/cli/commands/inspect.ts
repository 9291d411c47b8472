/** `cnb inspect` on the command line. */

import { defineCommand, SHOWING_FORMATS } from '../command.ts'

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'show what an image is made of',
  description: 'Shows the run image below an app, the buildpacks that built it, its processes, and the weight of each layer.',
  argument: { name: 'image', description: 'image that was built by buildpacks' },
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb inspect my-app', does: 'show it to people' },
    { line: 'cnb inspect my-app --output json | jq .processes', does: 'give it to a program' },
  ],
  load: async () => (await import('./inspect-handler.ts')).runInspect,
})
