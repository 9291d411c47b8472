/** `cnb build` on the command line. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../command.ts'
import { appSource } from '../options/app.ts'
import { containers } from '../options/containers.ts'
import { insecureRegistries, registryMirrors } from '../options/registry.ts'
import { sinkForms } from '../../operations/build/build-sinks.ts'
import { builderImages, reportOutputDir, tags } from '../options/images.ts'

const [defaultSink, ...otherSinks] = sinkForms()

const groups = [
  appSource,
  builderImages,
  containers,
  {
    title: 'Registries:',
    options: { insecureRegistries, registryMirrors },
  },
  {
    title: 'Output:',
    options: {
      tags,
      publish: { kind: 'flag', flags: '--publish', description: 'put the image into the registry of its name, not on the engine: --to registry' },
      to: {
        kind: 'list',
        commas: true,
        flags: '--to <place>',
        description: `where to put the image: ${defaultSink} (default), ${otherSinks.join(', ')}; repeat it or use commas`,
      },
      sparse: { kind: 'flag', flags: '--sparse', description: "leave the run image's layers out of an OCI layout" },
      creationTime: {
        kind: 'text',
        flags: '--creation-time <time>',
        description: "the image's creation time: seconds since 1970, an ISO 8601 date, or now",
      },
      sbomOutputDir: { kind: 'text', flags: '--sbom-output-dir <dir>', description: 'write the software bills of materials there' },
      reportOutputDir,
    },
  },
] as const satisfies readonly OptionGroup[]

export const buildCommand = defineCommand({
  name: 'build',
  summary: 'build an image from source code',
  description:
    'Builds a container image from a directory of source code. The buildpacks of a builder image find out what the app needs, ' +
    'build it, and make the layers of the image, which the engine then holds.',
  argument: { name: 'image', description: 'name of the image to build' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb build my-app --builder my-builder', does: 'build the working directory' },
    {
      line: 'cnb build my-app --path ./web --env NODE_ENV=test --tag my-app:1.2',
      does: 'build ./web with the builder that its project.toml names',
    },
    { line: 'cnb build my-app -B my-builder --output json | jq -r .reference', does: 'give the very image to a script' },
  ],
  load: async () => (await import('./build-handler.ts')).runBuild,
})
