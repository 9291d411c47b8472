/** Definition of `cnb diff`. */

import { defineCommandOnSeveral, type OptionGroup } from '../../command.ts'
import { place } from '../../options/place.ts'

const groups = [
  {
    title: 'Diff:',
    options: {
      files: { kind: 'flag', flags: '--files', description: 'compare the files of the layers that differ' },
      exitCode: { kind: 'flag', flags: '--exit-code', description: 'exit with 1 if the images differ, with 2 on errors' },
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const diffCommand = defineCommandOnSeveral({
  name: 'diff',
  summary: 'show what differs between two images',
  description:
    "Compares two images: run image, buildpacks, layers, processes, environment, settings, labels and the SBOMs' packages; with --files also the files of the layers " +
    'that differ. Reads each image from the engine, or from its registry if the engine is unavailable or does not have it. The exit code is 0 if they differ, too, unless --exit-code is set.',
  argument: { name: 'image', second: 'other', description: 'older image, then newer one; or layouts, oci:DIR[:TAG]' },
  formats: ['human', 'json', 'yaml', 'markdown'],
  groups,
  examples: [
    { line: 'cnb diff my-app:1 my-app:2', does: 'show what changed between two builds' },
    { line: 'cnb diff registry.example/team/app:1.0 my-app --files', does: 'compare a published image and its files with the local one' },
    { line: 'cnb diff my-app:1 my-app:2 -o markdown', does: 'print tables for the summary of a GitHub Actions job' },
  ],
  load: async () => (await import('./diff-handler.ts')).runDiff,
})
