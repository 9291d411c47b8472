/** Definitions of kp's verbs for ClusterBuilders and Builders. */

import { defineCommand, type CommandDefinition, type OptionGroup } from '../../command.ts'
import { namespace, reconciliation, registries, state } from '../../options/resources.ts'
import { BUILDER, CLUSTER_BUILDER } from './nouns.ts'
import { account, CHANGING_FORMATS, dryRun } from './options.ts'
import { viewCommands } from './views.ts'

const template = {
  tag: { kind: 'text', flags: '-t, --tag <image>', description: 'name of the builder image' },
  stack: { kind: 'text', flags: '-s, --stack <name>', description: 'name of a ClusterStack (default: default)' },
  store: { kind: 'text', flags: '--store <name>', description: 'name of a ClusterStore' },
  order: { kind: 'text', flags: '--order <file>', description: "YAML file with the order; '-' for stdin" },
  buildpacks: { kind: 'list', flags: '-b, --buildpack <id>', description: 'ID or ID@VERSION of the only group; repeatable', commas: true },
  orderFrom: { kind: 'text', flags: '--order-from <image>', description: 'builder image with the order' },
} as const

const OF_CLUSTER = [{ title: 'ClusterBuilder:', options: { ...template, ...account, dryRun, state } }, reconciliation, registries] as const satisfies readonly OptionGroup[]
const OF_NAMESPACE = [
  { title: 'Builder:', options: { ...template, serviceAccount: account.serviceAccount, namespace, dryRun, state } },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

const handlers = () => import('./base-handlers.ts')
const exampleOf = (word: string, verb: string): string => `cnb ${word} ${verb} NAME --tag registry.example.com/builder --stack base --store default --buildpack example/node`

const clusterBuilderCommands = (['create', 'patch', 'save'] as const).map((verb) => {
  const does = `${verb === 'save' ? 'create or change' : verb === 'patch' ? 'change' : 'create'} a ClusterBuilder`
  return defineCommand({
    name: `clusterbuilder ${verb}`,
    summary: does,
    description: 'Creates or changes a ClusterBuilder from options as kp does, and publishes its image.',
    argument: { name: 'name', description: 'name of the ClusterBuilder' },
    formats: CHANGING_FORMATS,
    groups: OF_CLUSTER,
    examples: [{ line: exampleOf('clusterbuilder', verb), does }, { line: `${exampleOf('clusterbuilder', verb)} --dry-run -o yaml`, does: 'print the resource only' }],
    load: async () => (await handlers()).runClusterBuilder(verb),
  })
})

/** Without `create`: `cnb builder create` makes a builder image without a resource, as pack does. */
const builderCommands = (['patch', 'save'] as const).map((verb) => {
  const does = `${verb === 'save' ? 'create or change' : 'change'} a Builder resource`
  return defineCommand({
    name: `builder ${verb}`,
    summary: does,
    description: "Creates or changes a Builder resource of kpack from options as kp does, and publishes its image. 'builder create' makes an image from builder.toml, without a resource.",
    argument: { name: 'name', description: 'name of the Builder' },
    formats: CHANGING_FORMATS,
    groups: OF_NAMESPACE,
    examples: [{ line: exampleOf('builder', verb), does }, { line: `${exampleOf('builder', verb)} --dry-run -o yaml`, does: 'print the resource only' }],
    load: async () => (await handlers()).runBuilder(verb),
  })
})

export const CLUSTER_BUILDER_COMMANDS: readonly CommandDefinition[] = [...clusterBuilderCommands, ...viewCommands(CLUSTER_BUILDER)]
export const BUILDER_COMMANDS: readonly CommandDefinition[] = [...builderCommands, ...viewCommands(BUILDER)]
