/** Definition of `cnb delete`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { allNamespaces, namespace, selector, state } from '../../options/resources.ts'

const groups = [
  { title: 'Delete:', options: { namespace, allNamespaces, selector, state } },
] as const satisfies readonly OptionGroup[]

export const deleteCommand = defineCommandOnSeveral({
  name: 'delete',
  summary: 'delete resources',
  description: "Deletes stored resources, and with an Image its builds and logs. Images in registries stay.",
  argument: { name: 'kind-and-names', description: 'a kind with names, or KIND/NAME', several: true },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb delete image shop', does: 'delete one image' },
    { line: 'cnb delete images -l team=shop -A', does: 'delete by labels' },
  ],
  load: async () => (await import('./delete-handler.ts')).runDelete,
})
