/** Definition of `cnb extension package`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { packageInput, packageOutput } from '../../options/packages.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../../options/registry.ts'

const groups = [
  { title: 'Extension:', options: packageInput },
  { title: 'Output:', options: packageOutput },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } },
] as const satisfies readonly OptionGroup[]

export const packageExtensionCommand = defineCommand({
  name: 'extension package',
  summary: 'create a package of an extension',
  description: 'Creates a package of an image extension: an image on the engine or in a registry, or a .cnb file. The same input produces the same package.',
  argument: { name: 'name', description: 'name of the package: of an image, or of a file' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb extension package ../packages --path . --format file', does: 'create the file ../packages.cnb' },
    { line: 'cnb extension package registry.example/packages:1.0 --path . --publish', does: 'publish an extension' },
  ],
  load: async () => (await import('../buildpack/package-handler.ts')).runPackageExtension,
})
