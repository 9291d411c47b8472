/** Definition of `cnb import`. */

import { defineCommand, type OptionGroup } from '../../command.ts'
import { reconciliation, registries, state } from '../../options/resources.ts'
import { account, CHANGING_FORMATS, dryRun } from '../kp/options.ts'

const groups = [
  {
    title: 'Import:',
    options: {
      file: { kind: 'text', flags: '-f, --filename <file>', description: "kp's descriptor; '-' for stdin", required: true },
      defaultRepository: { kind: 'text', flags: '--default-repository <name>', description: 'where builders go: NAME:clusterbuilder-BUILDER' },
      ...account,
      dryRun,
      state,
    },
  },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

export const importCommand = defineCommand({
  name: 'import',
  summary: "store the resources of kp's descriptor",
  description: "Stores the stacks, stores, lifecycles, buildpacks and builders of kp's DependencyDescriptor (kp.kpack.io/v1, v1alpha3, v1alpha1). Unlike kp, it copies no images.",
  formats: CHANGING_FORMATS,
  groups,
  examples: [
    { line: 'cnb import -f descriptor.yaml --default-repository registry.example.com/builders', does: 'import a descriptor' },
    { line: 'cnb import -f descriptor.yaml --default-repository registry.example.com/builders --dry-run -o yaml', does: 'print the resources' },
  ],
  load: async () => (await import('./import-handler.ts')).runImport,
})
