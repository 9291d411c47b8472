/** Definition of `cnb buildpack package`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { packageInput, packageOutput } from '../../options/packages.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'

const groups = [
  {
    title: 'Buildpack:',
    options: {
      ...packageInput,
      flatten: { kind: 'flag', flags: '--flatten', description: 'put all buildpacks into one layer' },
      flattenExclude: {
        kind: 'list',
        commas: true,
        flags: '-e, --flatten-exclude <id@version>',
        description: 'buildpack that keeps its own layer; repeatable',
      },
    },
  },
  { title: 'Output:', options: packageOutput },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const packageBuildpackCommand = defineCommand({
  name: 'buildpack package',
  summary: 'create a package of a buildpack',
  description:
    'Creates a package of a buildpack and its dependencies: an image on the engine or in a registry, or a .cnb file. ' +
    'For several targets, a published package is an image index, and there is a file for each target. The same input produces the same package.',
  argument: { name: 'name', description: 'name of the package: of an image, or of a file' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb buildpack package ../hello --path . --format file', does: 'create the file ../hello.cnb from a buildpack' },
    { line: 'cnb buildpack package registry.example/hello:1.0 --config package.toml --publish', does: 'publish a composite buildpack' },
    { line: 'cnb buildpack package registry.example/hello --publish --target linux/amd64,linux/arm64', does: 'publish an index for two platforms' },
  ],
  load: async () => (await import('./package-handler.ts')).runPackageBuildpack,
})
