/** Definition of `cnb config registries default`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../../command.ts'

const groups = [
  { title: 'Registry:', options: { unset: { kind: 'flag', flags: '-u, --unset', description: 'make the official registry the default' } } },
] as const satisfies readonly OptionGroup[]

export const defaultRegistryCommand = defineCommand({
  name: 'config registries default',
  summary: 'show or set the default buildpack registry',
  description: 'Prints the name of the default buildpack registry, or sets it. Buildpacks come from the default registry unless the command line specifies another one.',
  argument: { name: 'name', description: "the registry's name", optional: true },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb config registries default', does: 'print the default' },
    { line: 'cnb config registries default mine', does: 'set the default' },
    { line: 'cnb config registries default --unset', does: 'return to the official registry' },
  ],
  load: async () => (await import('./registries-handler.ts')).runDefaultRegistry,
})
