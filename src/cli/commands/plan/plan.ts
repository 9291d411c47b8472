/** Definition of `cnb plan`. */

import { defineCommand, type OptionGroup } from '../../command.ts'
import { detection } from '../../options/detection.ts'
import { files, lenient, namespace, reconciliation, registries, state } from '../../options/resources.ts'

const groups = [
  ...detection,
  { title: 'Resources:', options: { files, namespace, lenient, state } },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

export const planCommand = defineCommand({
  name: 'plan',
  summary: 'show what build or apply would do and why',
  description:
    'With a directory, runs the detection of a build and prints the buildpacks that fit, why others do not, the build plan, the run image and the reasons. ' +
    'The exit code is 20 if no group of buildpacks fits. Without one, reads resources, their sources and the registries, and prints which builders would be published ' +
    'and which images would be built, rebased or retagged, each with the reasons; the exit code is 3 if there is anything to do, and 1 if that cannot be decided. ' +
    'Changes nothing. Without directory and files, plans the stored resources.',
  argument: { name: 'directory', description: 'app of a build to plan (directory or zip archive)', optional: true },
  formats: ['human', 'json', 'yaml', 'markdown'],
  groups,
  examples: [
    { line: 'cnb plan . --builder my-builder', does: 'show which buildpacks fit the app, and why' },
    { line: 'cnb plan -f kpack/', does: 'show what applying a directory would do' },
    { line: 'cnb plan -f kpack/ -o markdown', does: 'print a table for the summary of a GitHub Actions job' },
  ],
  load: async () => (await import('./plan-handler.ts')).runPlan,
})
