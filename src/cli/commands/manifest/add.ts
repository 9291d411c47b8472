/** Definition of `cnb manifest add`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'

const groups = [
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const addManifestCommand = defineCommandOnSeveral({
  name: 'manifest add',
  summary: 'add an image to a manifest list',
  description:
    'Adds an image to a manifest list: NAME IMAGE. Its platform is that of its configuration.',
  argument: { name: 'list', second: 'image', description: 'name of the list, then the image' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb manifest add registry.example/app:1 registry.example/app:arm64', does: 'add one image' },
    { line: 'cnb manifest add oci:list registry.example/app@sha256:…', does: 'add to a list in a directory' },
  ],
  load: async () => (await import('./handlers.ts')).runAdd,
})
