/** Definition of `cnb manifest remove`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
] as const satisfies readonly OptionGroup[]

export const removeManifestCommand = defineCommandOnSeveral({
  name: 'manifest remove',
  summary: 'remove manifest lists',
  description:
    'Removes manifest lists from this machine. Images and registries do not change.',
  argument: { name: 'lists', description: 'names of lists', several: true },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb manifest remove registry.example/app:1', does: 'remove a list' },
    { line: 'cnb manifest remove oci:list registry.example/app:2', does: 'remove two lists' },
  ],
  load: async () => (await import('./handlers.ts')).runRemove,
})
