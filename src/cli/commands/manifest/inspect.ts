/** Definition of `cnb manifest inspect`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'

const groups = [
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const inspectManifestCommand = defineCommand({
  name: 'manifest inspect',
  summary: 'show a manifest list',
  description:
    'Shows the index of a manifest list on this machine, or else of an image in its registry.',
  argument: { name: 'list', description: 'name of the list; oci:DIR for one in a directory' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb manifest inspect registry.example/app:1', does: 'print the index' },
    { line: 'cnb manifest inspect registry.example/app:1 --output json', does: 'print it for a script' },
  ],
  load: async () => (await import('./handlers.ts')).runInspect,
})
