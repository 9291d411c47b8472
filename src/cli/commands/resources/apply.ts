/** Definition of `cnb apply`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { files, lenient, namespace, reconciliation, registries, selector, state } from '../../options/resources.ts'

const groups = [
  {
    title: 'Apply:',
    options: {
      files,
      namespace,
      dryRun: { kind: 'flag', flags: '--dry-run', description: 'report what would be stored' },
      prune: { kind: 'flag', flags: '--prune', description: 'delete stored resources that no file has; needs --selector' },
      selector,
      lenient,
      state,
    },
  },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

export const applyCommand = defineCommand({
  name: 'apply',
  summary: 'store kpack resources and build their images',
  description:
    "Stores kpack's resources (Image, Builder, ClusterBuilder, ClusterStore, ClusterStack, ClusterLifecycle, Buildpack and others, Secret, ServiceAccount) " +
    'in a directory, publishes builders, and builds or rebases images as kpack does, until everything is ready or failed.',
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb apply -f kpack/', does: 'apply all files of a directory' },
    { line: 'cnb apply -f images.yaml --dry-run', does: 'check the resources without a change' },
    { line: 'cnb apply -f kpack/ --prune -l team=shop', does: 'delete resources that the directory lacks' },
  ],
  load: async () => (await import('./apply-handler.ts')).runApply,
})
