/** Definition of `cnb sbom diff`. */

import { defineCommandOnSeveral, type OptionGroup } from '../../command.ts'
import { place } from '../../options/place.ts'

const groups = [
  { title: 'Diff:', options: { exitCode: { kind: 'flag', flags: '--exit-code', description: 'exit with 1 if they differ, with 2 on errors' } } },
  place,
] as const satisfies readonly OptionGroup[]

export const diffSbomCommand = defineCommandOnSeveral({
  name: 'sbom diff',
  summary: 'show which packages and licences differ',
  description: "Compares the packages of two images' software bills of materials: added, removed and changed versions, and the licences of packages that both have.",
  argument: { name: 'image', second: 'other', description: 'older image or SBOM file, then the newer one' },
  formats: ['human', 'json', 'yaml', 'markdown'],
  groups,
  examples: [
    { line: 'cnb sbom diff my-app:1 my-app:2', does: 'show which packages changed between two builds' },
    { line: 'cnb sbom diff released.cdx.json my-app --exit-code', does: 'compare a stored SBOM with an image; 1 if they differ' },
  ],
  load: async () => (await import('./diff-handler.ts')).runDiffSbom,
})
