/** Definition of `cnb builder suggest`. */

import { defineCommand, SHOWING_FORMATS } from '../../command.ts'

export const suggestBuildersCommand = defineCommand({
  name: 'builder suggest',
  summary: 'list well-known public builders',
  description: 'Lists public builders with their base and the languages of their buildpacks. The list is part of cnb and needs no network.',
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb builder suggest', does: 'list builders' },
    { line: 'cnb builder suggest --output json | jq -r .builders[].image', does: 'print only their names' },
  ],
  load: async () => (await import('./suggest-handler.ts')).runSuggestBuilders,
})
