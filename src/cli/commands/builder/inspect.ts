/** Definition of `cnb builder inspect`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'
import { depth, place } from '../../options/place.ts'

const groups = [
  {
    title: 'Inspect:',
    options: {
      depth,
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const inspectBuilderCommand = defineCommand({
  name: 'builder inspect',
  summary: "show a builder's buildpacks and run images",
  description:
    "Shows a builder's lifecycle, run images, buildpacks and detection order. Reads the image from the engine, or from its registry if " +
    'the engine is unavailable or does not have it.',
  argument: { name: 'image', optional: true, description: 'builder (default: configured); oci:DIR[:TAG] for a layout' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb builder inspect my-builder', does: 'show a builder' },
    { line: 'cnb builder inspect my-builder --depth 1 --output yaml', does: 'print the top level of the order as YAML' },
    { line: 'cnb builder inspect registry.example/builder --remote', does: 'read from the registry, without an engine' },
  ],
  load: async () => (await import('./inspect-handler.ts')).runInspectBuilder,
})
