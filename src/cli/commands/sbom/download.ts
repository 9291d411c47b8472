/** `cnb sbom download` on the command line. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { place } from '../../options/place.ts'

const groups = [
  {
    title: 'Download:',
    options: {
      outputDir: { kind: 'text', flags: '--output-dir <dir>', description: 'where layers/sbom/launch/… is written (default: the working directory)' },
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const downloadSbomCommand = defineCommand({
  name: 'sbom download',
  summary: "write an image's bills of materials to files",
  description:
    "Writes the software bills of materials that an app image carries, as the buildpacks wrote them: the engine's image's, or those of the one " +
    'in the registry where no engine has it.',
  argument: { name: 'image', description: 'image that was built by buildpacks; oci:DIR[:TAG] for one in an OCI layout' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb sbom download my-app', does: 'write ./layers/sbom/launch/…' },
    { line: 'cnb sbom download registry.example/team/app:1.0 --remote --output-dir boms', does: 'those of what was published, without an engine' },
  ],
  load: async () => (await import('./download-handler.ts')).runDownloadSbom,
})
