/** Definition of `cnb config registries list`. */

import { defineCommand, SHOWING_FORMATS } from '../../../command.ts'

export const listRegistriesCommand = defineCommand({
  name: 'config registries list',
  isDefault: true,
  summary: 'list buildpack registries',
  description: 'Lists the buildpack registries of the configuration file and the official registry. A star marks the default.',
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config registries list', does: 'list names and addresses' },
    { line: 'cnb config registries list --output json', does: 'print them for a program' },
  ],
  load: async () => (await import('./registries-handler.ts')).runListRegistries,
})
