/** `cnb inspect` on the command line. */

import { defineCommand, SHOWING_FORMATS } from '../command.ts'
import { place } from '../options/place.ts'

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'show what an image is made of',
  description:
    'Shows the run image below an app, the buildpacks that built it, its processes, and the weight of each layer: of the engine\'s image, ' +
    'or of the one in the registry where no engine has it.',
  argument: { name: 'image', description: 'image that was built by buildpacks; oci:DIR[:TAG] for one in an OCI layout' },
  formats: SHOWING_FORMATS,
  groups: [place],
  examples: [
    { line: 'cnb inspect my-app', does: 'show it to people' },
    { line: 'cnb inspect my-app --output json | jq .processes', does: 'give it to a program' },
    { line: 'cnb inspect registry.example/team/app:1.0 --remote', does: 'see what was published, without an engine' },
    { line: 'cnb inspect oci:./out:1.0', does: 'see what is in an OCI layout' },
  ],
  load: async () => (await import('./inspect-handler.ts')).runInspect,
})
