/** Definition of `cnb get`. */

import { defineCommandOnSeveral, type OptionGroup } from '../../command.ts'
import { allNamespaces, namespace, selector, state } from '../../options/resources.ts'

const groups = [
  { title: 'Get:', options: { namespace, allNamespaces, selector, watch: { kind: 'flag', flags: '-w, --watch', description: 'print each change until Ctrl-C' }, state } },
] as const satisfies readonly OptionGroup[]

export const getCommand = defineCommandOnSeveral({
  name: 'get',
  summary: 'list resources',
  description: "Prints stored resources as kubectl does: 'get images', 'get img shop', 'get image/shop builder/base', 'get kpack'. Values of Secrets are not printed.",
  argument: { name: 'kind-and-names', description: 'a kind with names, or KIND/NAME', several: true },
  formats: ['human', 'wide', 'json', 'yaml', 'name', 'jsonpath='],
  groups,
  examples: [
    { line: 'cnb get images -A', does: 'list the images of all namespaces' },
    { line: 'cnb get image shop -o yaml', does: 'print an image with its status' },
    { line: 'cnb get images -w', does: 'list images, and print those that change until Ctrl-C' },
    { line: "cnb get image shop -o jsonpath='{.status.latestImage}'", does: 'print one field' },
  ],
  load: async () => (await import('./get-handler.ts')).runGet,
})
