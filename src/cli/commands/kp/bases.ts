/** Definitions of kp's verbs for ClusterStacks, ClusterStores, ClusterLifecycles and ClusterBuildpacks. */

import { defineCommand, type CommandDefinition, type OptionGroup } from '../../command.ts'
import { reconciliation, registries, state } from '../../options/resources.ts'
import { CLUSTER_BUILDPACK, CLUSTER_LIFECYCLE, CLUSTER_STACK, CLUSTER_STORE, type Noun } from './nouns.ts'
import { account, CHANGING_FORMATS, dryRun } from './options.ts'
import { viewCommands } from './views.ts'

const more = { ...account, dryRun, state } as const

const OF_STACK = [
  {
    title: 'ClusterStack:',
    options: {
      buildImage: { kind: 'text', flags: '-b, --build-image <image>', description: 'image that buildpacks run in' },
      runImage: { kind: 'text', flags: '-r, --run-image <image>', description: 'base of the built images' },
      ...more,
    },
  },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

const OF_STORE = [
  { title: 'ClusterStore:', options: { buildpackages: { kind: 'list', flags: '-b, --buildpackage <image>', description: 'package or builder; repeatable' }, ...more } },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

const FROM_STORE = [
  { title: 'ClusterStore:', options: { buildpackages: { kind: 'list', flags: '-b, --buildpackage <name>', description: 'ID@VERSION or its image; repeatable' }, dryRun, state } },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

const OF_IMAGE = [
  { title: 'Resource:', options: { image: { kind: 'text', flags: '-i, --image <image>', description: 'image with its content' }, ...more } },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

const VERBS = {
  create: (kind: string) => ({ summary: `create a ${kind}`, description: `Creates a ${kind} from options as kp does, and updates everything that uses it.` }),
  patch: (kind: string) => ({ summary: `change a ${kind}`, description: `Changes only the fields that options name, and updates everything that uses the ${kind}.` }),
  save: (kind: string) => ({ summary: `create or change a ${kind}`, description: `Creates the ${kind}, or changes the fields that options name if it exists.` }),
} as const

type VerbName = keyof typeof VERBS

/** The common part of a verb's definitions. */
function common({ word, kind }: Noun, verb: VerbName, options: string) {
  const line = `cnb ${word} ${verb} NAME ${options}`
  const argument = { name: 'name', description: `name of the ${kind}` } as const
  return { name: `${word} ${verb}`, ...VERBS[verb](kind), argument, formats: CHANGING_FORMATS, examples: [{ line, does: VERBS[verb](kind).summary }, { line: `${line} --dry-run -o yaml`, does: 'print the resource only' }] }
}

const handlers = () => import('./base-handlers.ts')
const verbs: readonly VerbName[] = ['create', 'patch', 'save']

const stackCommands = verbs.map((verb) =>
  defineCommand({ ...common(CLUSTER_STACK, verb, '--build-image registry.example.com/build --run-image registry.example.com/run'), groups: OF_STACK, load: async () => (await handlers()).runStack(verb) }))

const storeCommands = [
  ...(['create', 'save'] as const).map((verb) =>
    defineCommand({ ...common(CLUSTER_STORE, verb, '--buildpackage registry.example.com/node'), groups: OF_STORE, load: async () => (await handlers()).runStore(verb) })),
  defineCommand({
    ...common(CLUSTER_STORE, 'patch', '--buildpackage registry.example.com/go'),
    name: 'clusterstore add',
    summary: 'add packages to a ClusterStore',
    description: 'Adds packages of buildpacks to a ClusterStore, and updates everything that uses it.',
    examples: [
      { line: 'cnb clusterstore add NAME --buildpackage registry.example.com/go', does: 'add a package' },
      { line: 'cnb clusterstore add NAME --buildpackage registry.example.com/go --dry-run', does: 'check the change only' },
    ],
    groups: OF_STORE,
    load: async () => (await handlers()).runStore('patch'),
  }),
  defineCommand({
    ...common(CLUSTER_STORE, 'patch', ''),
    name: 'clusterstore remove',
    summary: 'remove packages from a ClusterStore',
    description: 'Removes packages of buildpacks from a ClusterStore, and updates everything that uses it.',
    examples: [
      { line: 'cnb clusterstore remove NAME --buildpackage example/go@1.0.0', does: 'remove a package' },
      { line: 'cnb clusterstore remove NAME --buildpackage example/go@1.0.0 --dry-run', does: 'check the change only' },
    ],
    groups: FROM_STORE,
    load: async () => (await handlers()).runRemoveFromStore,
  }),
]

const imageCommands = (noun: Noun): CommandDefinition[] =>
  verbs.map((verb) => defineCommand({ ...common(noun, verb, '--image registry.example.com/image'), groups: OF_IMAGE, load: async () => (await handlers()).runImageOnly(noun, verb) }))

export const BASE_COMMANDS: readonly CommandDefinition[] = [
  ...stackCommands, ...viewCommands(CLUSTER_STACK),
  ...storeCommands, ...viewCommands(CLUSTER_STORE),
  ...imageCommands(CLUSTER_LIFECYCLE), ...viewCommands(CLUSTER_LIFECYCLE),
  ...imageCommands(CLUSTER_BUILDPACK), ...viewCommands(CLUSTER_BUILDPACK),
]
