/** Definition of `cnb manifest rm`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
] as const satisfies readonly OptionGroup[]

export const rmManifestCommand = defineCommandOnSeveral({
  name: 'manifest rm',
  summary: 'remove entries of a manifest list',
  description:
    'Removes entries from a manifest list: NAME IMAGE@DIGEST….',
  argument: { name: 'list', second: 'digests...', description: 'name of the list, then images with digests' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb manifest rm registry.example/app:1 registry.example/app@sha256:…', does: 'remove an entry' },
    { line: 'cnb manifest rm oci:list sha256:…', does: 'remove an entry by its digest' },
  ],
  load: async () => (await import('./handlers.ts')).runRm,
})
