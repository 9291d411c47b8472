/** Definition of `cnb manifest create`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'
import { insecure, listFormat } from './list-options.ts'

const groups = [
  {
    title: 'List:',
    options: {
      format: listFormat,
      publish: { kind: 'flag', flags: '--publish', description: 'push the list without keeping it on this machine' },
      insecure,
    },
  },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const createManifestCommand = defineCommandOnSeveral({
  name: 'manifest create',
  summary: 'create a list of images for several platforms',
  description:
    'Creates a manifest list from images in registries or OCI layouts: NAME IMAGE…. It is kept on this machine until it is pushed, below ' +
    '$CNB_HOME/manifests, or in the directory of oci:DIR.',
  argument: { name: 'list', second: 'images...', description: 'name of the list, then images; oci:DIR for a layout' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb manifest create registry.example/app:1 registry.example/app:amd64 registry.example/app:arm64', does: 'create a list of two images' },
    { line: 'cnb manifest create registry.example/app:1 registry.example/app:amd64 oci:out:arm64 --publish', does: 'push an index with an image of a layout' },
  ],
  load: async () => (await import('./handlers.ts')).runCreate,
})
