/** Definition of `cnb build`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../command.ts'
import { appSource } from '../options/app.ts'
import { buildpackSources } from '../options/buildpacks.ts'
import { containers } from '../options/containers.ts'
import { insecureRegistries, registryMirrors } from '../options/registry.ts'
import { sinkForms } from '../../operations/build/build-sinks.ts'
import { reports } from '../options/reports.ts'
import { builderImages, reportOutputDir, tags } from '../options/images.ts'

const [defaultSink, ...otherSinks] = sinkForms()

const groups = [
  appSource,
  buildpackSources,
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
      publish: { kind: 'flag', flags: '--publish', description: 'push the image to its registry; short for --to registry' },
      to: {
        kind: 'list',
        commas: true,
        flags: '--to <place>',
        description: `target: ${defaultSink} (default), ${otherSinks.join(', ')}`,
      },
      labels: { kind: 'list', flags: '--label <name=value>', description: 'label of the image; repeatable' },
      annotations: { kind: 'list', flags: '--annotation <name=value>', description: 'annotation of manifest or index:NAME=VALUE; repeatable' },
      gitLabels: { kind: 'flag', flags: '--git-labels', description: "labels from the git repository of the app" },
      sparse: { kind: 'flag', flags: '--sparse', description: "omit the run image's layers from the OCI layout" },
      creationTime: {
        kind: 'text',
        flags: '--creation-time <time>',
        description: 'creation time: Unix seconds, an ISO 8601 date, or now',
      },
      sbomOutputDir: { kind: 'text', flags: '--sbom-output-dir <dir>', description: 'directory to write the SBOM files to' },
      reportOutputDir,
      ...reports,
    },
  },
] as const satisfies readonly OptionGroup[]

export const buildCommand = defineCommand({
  name: 'build',
  summary: 'build an image from source code',
  description:
    'Builds a container image from a directory of source code. The buildpacks of a builder image detect the dependencies of the app, ' +
    'build it and create the layers of the image. The image is saved on the engine unless --to or --publish says otherwise.',
  argument: { name: 'image', description: 'name of the image to build' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb build my-app --builder my-builder', does: 'build the working directory' },
    {
      line: 'cnb build my-app --path ./web --env NODE_ENV=test --tag my-app:1.2',
      does: 'build ./web with the builder from its project.toml',
    },
    { line: 'cnb build my-app --list-files', does: 'print what include and exclude in project.toml leave' },
    { line: 'cnb build my-app -B my-builder --output json | jq -r .reference', does: 'print the digest reference for a script' },
  ],
  load: async () => (await import('./build-handler.ts')).runBuild,
})
