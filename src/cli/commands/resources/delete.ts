/** Definition of `cnb delete`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { allNamespaces, files, namespace, selector, state } from '../../options/resources.ts'

const groups = [
  { title: 'Delete:', options: { files, namespace, allNamespaces, selector, state } },
] as const satisfies readonly OptionGroup[]

export const deleteCommand = defineCommandOnSeveral({
  name: 'delete',
  summary: 'delete resources',
  description: "Deletes stored resources, or those of files, and with an Image its builds and logs. Images in registries stay.",
  argument: { name: 'kind-and-names', description: 'a kind with names, or KIND/NAME', several: true },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb delete image shop', does: 'delete one image' },
    { line: 'cnb delete -f kpack/', does: 'delete the resources of all files in a directory' },
    { line: 'cnb delete images -l team=shop -A', does: 'delete by labels' },
  ],
  load: async () => (await import('./delete-handler.ts')).runDelete,
})
