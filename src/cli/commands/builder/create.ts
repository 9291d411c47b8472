/** Definition of `cnb builder create`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { lifecycleImage, pullPolicy, tags } from '../../options/images.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'

const groups = [
  {
    title: 'Builder:',
    options: {
      config: { kind: 'text', required: true, flags: '-c, --config <file>', description: 'builder.toml; its paths are relative to it' },
      tags,
      labels: { kind: 'list', flags: '-l, --label <key=value>', description: 'label for the image; repeatable' },
      pullPolicy,
      lifecycleImage,
    },
  },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const createBuilderCommand = defineCommand({
  name: 'builder create',
  summary: 'create a builder image',
  description:
    'Creates a builder image from the build image, run images, lifecycle, buildpacks and order in a builder.toml. ' +
    'The same input produces the same image, byte for byte.',
  argument: { name: 'image', description: 'name of the builder image to create' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb builder create my-builder --config builder.toml', does: 'create a builder on the engine' },
    { line: 'cnb builder create my-builder -c builder.toml --tag my-builder:1.2 --label team=web', does: 'add a second name and a label' },
  ],
  load: async () => (await import('./create-handler.ts')).runCreateBuilder,
})
