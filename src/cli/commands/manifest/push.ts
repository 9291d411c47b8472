/** Definition of `cnb manifest push`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'
import { insecure, listFormat } from './list-options.ts'

const groups = [
  {
    title: 'Push:',
    options: {
      format: listFormat,
      insecure,
      purge: { kind: 'flag', flags: '--purge', description: 'remove the list from this machine after the push' },
    },
  },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const pushManifestCommand = defineCommandOnSeveral({
  name: 'manifest push',
  summary: 'push a manifest list to its registry',
  description:
    'Pushes a manifest list as an image index: NAME [DESTINATION]. Images that the repository lacks are mounted or copied first.',
  argument: { name: 'list', second: '[destination]', description: 'name of the list, then another name to push to' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb manifest push registry.example/app:1 --purge', does: 'push, and remove the list' },
    { line: 'cnb manifest push oci:list registry.example/app:1 --format docker', does: 'push a list in a directory, in the format of Docker' },
  ],
  load: async () => (await import('./handlers.ts')).runPush,
})
