/** Definition of `cnb export`. */

import { defineCommandOnSeveral, type OptionGroup } from '../../command.ts'
import { allNamespaces, namespace, selector, state } from '../../options/resources.ts'

const groups = [
  {
    title: 'Export:',
    options: {
      namespace,
      allNamespaces,
      selector,
      withSecrets: { kind: 'flag', flags: '--with-secrets', description: 'write the values of Secrets' },
      outputFile: { kind: 'text', flags: '--output-file <path>', description: 'file to write; with Secrets, only its owner can read it' },
      state,
    },
  },
] as const satisfies readonly OptionGroup[]

export const exportCommand = defineCommandOnSeveral({
  name: 'export',
  summary: 'print resources as YAML for a cluster',
  description:
    "Prints stored resources as their users wrote them: YAML of kpack.io/v1alpha2 that kubectl and 'cnb apply' read, without status, builds and the values of Secrets. " +
    'Without a kind, it prints everything. It warns about resources that a cluster refuses.',
  argument: { name: 'kind-and-names', description: 'a kind with names, or KIND/NAME (default: everything)', several: true },
  formats: ['human', 'yaml', 'json'],
  groups,
  examples: [
    { line: 'cnb export > kpack.yaml', does: 'write everything but the values of Secrets' },
    { line: 'cnb export image shop | kubectl apply -f -', does: 'hand an image over to a cluster' },
    { line: 'cnb export --with-secrets --output-file all.yaml', does: 'write everything to a private file' },
  ],
  load: async () => (await import('./export-handler.ts')).runExport,
})
