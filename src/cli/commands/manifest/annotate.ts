/** Definition of `cnb manifest annotate`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'

const groups = [
  {
    title: 'Entry:',
    options: {
      os: { kind: 'text', flags: '--os <os>', description: 'operating system' },
      arch: { kind: 'text', flags: '--arch <arch>', description: 'architecture' },
      variant: { kind: 'text', flags: '--variant <variant>', description: 'variant of the architecture' },
      annotations: { kind: 'list', commas: true, flags: '--annotations <key=value>', description: 'annotation; repeat or use commas' },
    },
  },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const annotateManifestCommand = defineCommandOnSeveral({
  name: 'manifest annotate',
  summary: 'change an entry of a manifest list',
  description:
    'Changes the platform or the annotations of an entry: NAME IMAGE. The image itself does not change.',
  argument: { name: 'list', second: 'image', description: 'name of the list, then the image or its digest' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb manifest annotate registry.example/app:1 registry.example/app:arm --variant v7', does: 'set the variant' },
    { line: 'cnb manifest annotate registry.example/app:1 registry.example/app:arm --os linux --arch arm', does: 'set the platform' },
  ],
  load: async () => (await import('./handlers.ts')).runAnnotate,
})
