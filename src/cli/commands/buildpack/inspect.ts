/** Definition of `cnb buildpack inspect`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'
import { inspectedRegistry } from '../../options/buildpacks.ts'
import { depth, place } from '../../options/place.ts'

const groups = [
  {
    title: 'Inspect:',
    options: {
      depth,
      buildpackRegistry: inspectedRegistry,
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const inspectBuildpackCommand = defineCommand({
  name: 'buildpack inspect',
  summary: "show a package's buildpacks and order",
  description:
    'Shows the buildpacks, order and layers of a package, or the buildpack in a directory or archive. Reads an image from the engine, or ' +
    'from its registry if the engine is unavailable or does not have it.',
  argument: { name: 'buildpack', description: 'image, .cnb file, directory or archive; oci:DIR[:TAG]' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb buildpack inspect registry.example/hello:1.0', does: 'show a package' },
    { line: 'cnb buildpack inspect hello.cnb --output json', does: 'print a package file as JSON' },
    { line: 'cnb buildpack inspect .', does: 'show the buildpack in the working directory' },
  ],
  load: async () => (await import('./inspect-handler.ts')).runInspectBuildpack,
})
