/** Definition of `cnb describe`. */

import { defineCommandOnSeveral, type OptionGroup } from '../../command.ts'
import { allNamespaces, namespace, selector, state } from '../../options/resources.ts'

const groups = [
  { title: 'Describe:', options: { namespace, allNamespaces, selector, state } },
] as const satisfies readonly OptionGroup[]

export const describeCommand = defineCommandOnSeveral({
  name: 'describe',
  summary: 'show resources in detail',
  description: 'Prints all fields and conditions of stored resources as kubectl does.',
  argument: { name: 'kind-and-names', description: 'a kind with names, or KIND/NAME', several: true },
  formats: ['human'],
  groups,
  examples: [
    { line: 'cnb describe image shop', does: 'show why an image is not ready' },
    { line: 'cnb describe builders -A', does: 'describe all builders' },
  ],
  load: async () => (await import('./describe-handler.ts')).runDescribe,
})
