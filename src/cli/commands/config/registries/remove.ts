/** Definition of `cnb config registries remove`. */

import { defineCommand, MAKING_FORMATS } from '../../../command.ts'

export const removeRegistryCommand = defineCommand({
  name: 'config registries remove',
  summary: 'remove a buildpack registry',
  description: 'Removes a buildpack registry from the configuration file. If it was the default, the official registry becomes the default.',
  argument: { name: 'name', description: "the registry's name" },
  formats: MAKING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config registries remove mine', does: 'remove a registry' },
    { line: 'cnb config registries remove mine --output json', does: 'print the result for a program' },
  ],
  load: async () => (await import('./registries-handler.ts')).runRemoveRegistry,
})
