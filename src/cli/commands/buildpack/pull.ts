/** Definition of `cnb buildpack pull`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { buildpackRegistry } from '../../options/buildpacks.ts'
import { registryMirrors } from '../../options/registry.ts'

const groups = [{ title: 'Registries:', options: { buildpackRegistry, registryMirrors } }] as const satisfies readonly OptionGroup[]

export const pullBuildpackCommand = defineCommand({
  name: 'buildpack pull',
  summary: 'pull a package of a buildpack',
  description: 'Pulls a package from its registry to the engine. A build or a new builder does not need this: both read packages in registries.',
  argument: { name: 'buildpack', description: 'docker://IMAGE, the name of an image, or a registry entry' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb buildpack pull docker://registry.example/hello:1.0', does: 'pull a package' },
    { line: 'cnb buildpack pull registry.example/hello:1.0 --quiet', does: 'print only its digest or ID' },
  ],
  load: async () => (await import('./pull-handler.ts')).runPullBuildpack,
})
