/** Definition of `cnb sbom convert`. */

import { defineCommand, type OptionGroup } from '../../command.ts'
import { place } from '../../options/place.ts'

const groups = [
  {
    title: 'Convert:',
    options: {
      to: { kind: 'choice', flags: '--to <format>', description: 'format of the document', choices: ['cyclonedx-json', 'spdx-json', 'syft-json'], default: 'cyclonedx-json' },
      outputFile: { kind: 'text', flags: '--output-file <path>', description: 'file to write (default: stdout)' },
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const convertSbomCommand = defineCommand({
  name: 'sbom convert',
  summary: "print one SBOM of all of an image's packages",
  description:
    "Merges an app image's software bills of materials into one document: CycloneDX 1.6, SPDX 2.3 or Syft JSON. Equal input results in equal bytes: serial number and namespace follow from the content.",
  argument: { name: 'image', description: 'app image, SBOM file (*.json, ./FILE) or - for stdin' },
  formats: ['human', 'json'],
  groups,
  examples: [
    { line: 'cnb sbom convert my-app', does: 'print one CycloneDX document' },
    { line: 'cnb sbom convert my-app --to spdx-json --output-file my-app.spdx.json', does: 'write one SPDX document' },
    { line: 'cnb sbom convert bom.syft.json --to cyclonedx-json', does: 'convert a file' },
  ],
  load: async () => (await import('./convert-handler.ts')).runConvertSbom,
})
