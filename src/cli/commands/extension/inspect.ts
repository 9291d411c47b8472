/** Definition of `cnb extension inspect`. */

import { defineCommand, SHOWING_FORMATS } from '../../command.ts'
import { place } from '../../options/place.ts'

export const inspectExtensionCommand = defineCommand({
  name: 'extension inspect',
  summary: "show a package's extension",
  description:
    'Shows the extension and layers of a package, or the extension in a directory or archive. Reads an image from the engine, or ' +
    'from its registry if the engine is unavailable or does not have it.',
  argument: { name: 'extension', description: 'image, .cnb file, directory or archive; oci:DIR[:TAG]' },
  formats: SHOWING_FORMATS,
  groups: [place],
  examples: [
    { line: 'cnb extension inspect registry.example/packages:1.0', does: 'show a package' },
    { line: 'cnb extension inspect packages.cnb --output json', does: 'print a package file as JSON' },
  ],
  load: async () => (await import('../buildpack/inspect-handler.ts')).runInspectExtension,
})
