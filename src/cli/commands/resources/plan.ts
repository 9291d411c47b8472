/** Definition of `cnb plan`. */

import { defineCommand, type OptionGroup } from '../../command.ts'
import { files, lenient, namespace, reconciliation, registries, state } from '../../options/resources.ts'

const groups = [
  { title: 'Plan:', options: { files, namespace, lenient, state } },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

export const planCommand = defineCommand({
  name: 'plan',
  summary: 'show what apply would do and why',
  description:
    'Reads resources, their sources and the registries, and prints which builders would be published and which images would be built, rebased or retagged, ' +
    'each with the reasons. Changes nothing. The exit code is 3 if there is anything to do, and 1 if that cannot be decided. Without files, plans the stored resources.',
  formats: ['human', 'json', 'yaml', 'markdown'],
  groups,
  examples: [
    { line: 'cnb plan -f kpack/', does: 'show what applying a directory would do' },
    { line: 'cnb plan -f kpack/ -o markdown', does: 'print a table for the summary of a GitHub Actions job' },
  ],
  load: async () => (await import('./plan-handler.ts')).runPlan,
})
