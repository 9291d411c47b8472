/** Definition of `cnb config registries add`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../../command.ts'

const groups = [
  {
    title: 'Registry:',
    options: {
      default: { kind: 'flag', flags: '--default', description: 'make it the default' },
      type: { kind: 'choice', choices: ['github', 'git'], default: 'github', flags: '--type <type>', description: 'type of registry, as in pack' },
    },
  },
] as const satisfies readonly OptionGroup[]

export const addRegistryCommand = defineCommandOnSeveral({
  name: 'config registries add',
  summary: 'add a buildpack registry',
  description: 'Adds a buildpack registry to the configuration file. Its address is that of a git repository with the index.',
  argument: { name: 'name', second: 'url', description: "the registry's name, and the address of its git repository" },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb config registries add mine https://git.example/registry-index', does: 'add a registry' },
    { line: 'cnb config registries add mine git@git.example:team/index.git --type git --default', does: 'add a registry by ssh, and make it the default' },
  ],
  load: async () => (await import('./registries-handler.ts')).runAddRegistry,
})
