/** `cnb builder inspect` on the command line. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'
import { place } from '../../options/place.ts'

const groups = [
  {
    title: 'Inspect:',
    options: {
      depth: {
        kind: 'number',
        flags: '--depth <levels>',
        description: 'how deep buildpacks made of others are shown (default: all the way)',
      },
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const inspectBuilderCommand = defineCommand({
  name: 'builder inspect',
  summary: 'show what a builder brings',
  description:
    "Shows a builder's lifecycle, run images, buildpacks, and the order in which it tries them: of the engine's image, or of the one in the " +
    'registry where no engine has it.',
  argument: { name: 'image', description: 'builder image; oci:DIR[:TAG] for one in an OCI layout' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb builder inspect my-builder', does: 'show it to people' },
    { line: 'cnb builder inspect my-builder --depth 1 --output yaml', does: 'the first level of the order, for a program' },
    { line: 'cnb builder inspect registry.example/builder --remote', does: 'see what the registry has, without an engine' },
  ],
  load: async () => (await import('./inspect-handler.ts')).runInspectBuilder,
})
