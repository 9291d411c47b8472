/** `cnb builder create` on the command line. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { pullPolicy, tags } from '../../options/images.ts'
import { registryMirrors } from '../../options/registry.ts'

const groups = [
  {
    title: 'Builder:',
    options: {
      config: { kind: 'text', required: true, flags: '-c, --config <file>', description: 'builder.toml; paths in it are relative to it' },
      tags,
      labels: { kind: 'list', flags: '-l, --label <key=value>', description: 'label for the image; repeatable' },
      pullPolicy,
      registryMirrors,
    },
  },
] as const satisfies readonly OptionGroup[]

export const createBuilderCommand = defineCommand({
  name: 'builder create',
  summary: 'make a builder image',
  description:
    'Makes a builder image from the build image, run images, lifecycle, buildpacks and order that a builder.toml names. ' +
    'The same input gives the same image, byte for byte.',
  argument: { name: 'image', description: 'name of the builder image to make' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb builder create my-builder --config builder.toml', does: 'make it on the engine' },
    { line: 'cnb builder create my-builder -c builder.toml --tag my-builder:1.2 --label team=web', does: 'with a second name and a label' },
  ],
  load: async () => (await import('./create-handler.ts')).runCreateBuilder,
})
