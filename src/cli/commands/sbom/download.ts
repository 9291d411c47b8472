/** Definition of `cnb sbom download`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { place } from '../../options/place.ts'

const groups = [
  {
    title: 'Download:',
    options: {
      outputDir: { kind: 'text', flags: '--output-dir <dir>', description: 'parent of layers/sbom (default: working directory)' },
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const downloadSbomCommand = defineCommand({
  name: 'sbom download',
  summary: "write an image's SBOM files to a directory",
  description:
    "Writes an app image's software bills of materials to files, as the buildpacks created them. Reads the image from the engine, or from its " +
    'registry if the engine is unavailable or does not have it.',
  argument: { name: 'image', description: 'image built by buildpacks; oci:DIR[:TAG] for an OCI layout' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb sbom download my-app', does: 'write ./layers/sbom/launch/…' },
    { line: 'cnb sbom download registry.example/team/app:1.0 --remote --output-dir boms', does: 'read from the registry, without an engine' },
  ],
  load: async () => (await import('./download-handler.ts')).runDownloadSbom,
})
