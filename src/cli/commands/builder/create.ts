/** Definition of `cnb builder create`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { sinkForms } from '../../../operations/build/build-sinks.ts'
import { builderRegistry } from '../../options/buildpacks.ts'
import { lifecycleImage, pullPolicy } from '../../options/images.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'

const [defaultSink, ...otherSinks] = sinkForms()

const groups = [
  {
    title: 'Builder:',
    options: {
      config: { kind: 'text', required: true, flags: '-c, --config <file>', description: 'builder.toml; its paths are relative to it' },
      tags: { kind: 'list', commas: true, flags: '--tag <image>', description: 'additional name of the image; repeat or use commas' },
      labels: { kind: 'list', flags: '-l, --label <key=value>', description: 'label for the image; repeatable' },
      targets: {
        kind: 'list',
        commas: true,
        flags: '-t, --target <target>',
        description: 'platform, os/arch[/variant][:distro@version]; repeatable',
      },
      flatten: { kind: 'list', flags: '--flatten <buildpacks>', description: 'id@version,… that share one layer; repeatable' },
      pullPolicy,
      lifecycleImage,
    },
  },
  {
    title: 'Output:',
    options: {
      publish: { kind: 'flag', flags: '--publish', description: 'push the builder to its registry; short for --to registry' },
      to: {
        kind: 'list',
        commas: true,
        flags: '--to <place>',
        description: `target: ${defaultSink} (default), ${otherSinks.join(', ')}`,
      },
      appendImageNameSuffix: {
        kind: 'flag',
        flags: '--append-image-name-suffix',
        description: 'also tag the image of each target, as TAG-OS-ARCH',
      },
    },
  },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts, buildpackRegistry: builderRegistry } },
] as const satisfies readonly OptionGroup[]

export const createBuilderCommand = defineCommand({
  name: 'builder create',
  summary: 'create a builder image',
  description:
    'Creates a builder image from the build image, run images, lifecycle, buildpacks and order in a builder.toml. ' +
    'The same input produces the same image, byte for byte. Several targets make an index of one image for each.',
  argument: { name: 'image', description: 'name of the builder image to create' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb builder create my-builder --config builder.toml', does: 'create a builder on the engine' },
    { line: 'cnb builder create my-builder -c builder.toml --tag my-builder:1.2 --label team=web', does: 'add a second name and a label' },
    { line: 'cnb builder create registry.example/builder -c builder.toml -t linux/amd64 -t linux/arm64 --publish', does: 'publish for two platforms' },
  ],
  load: async () => (await import('./create-handler.ts')).runCreateBuilder,
})
