/** Definitions of kp's verbs list, status and delete, for each noun. */

import { defineCommand, MAKING_FORMATS, type CommandDefinition, type OptionGroup } from '../../command.ts'
import { allNamespaces, namespace, state } from '../../options/resources.ts'
import { CLUSTER_STORE, IMAGE, type Noun } from './nouns.ts'

const OF_CLUSTER = [{ title: 'State:', options: { state } }] as const satisfies readonly OptionGroup[]
/** kp confirms the deletion of a store. */
const OF_STORE = [{ title: 'State:', options: { force: { kind: 'flag', flags: '-f, --force', description: 'delete without a question, as cnb always does' }, state } }] as const satisfies readonly OptionGroup[]
const OF_NAMESPACE = [{ title: 'State:', options: { namespace, state } }] as const satisfies readonly OptionGroup[]
const OF_IMAGES = [
  {
    title: 'List:',
    options: {
      namespace,
      allNamespaces,
      filters: { kind: 'list', flags: '--filter <filter>', description: 'ready=, latest-reason=, builder= or clusterbuilder=' },
      state,
    },
  },
] as const satisfies readonly OptionGroup[]

const listImagesCommand = defineCommand({
  name: 'image list',
  summary: 'list Images',
  description: 'Prints a table of Images as kp does.',
  formats: ['human', 'json'],
  groups: OF_IMAGES,
  examples: [
    { line: 'cnb image list -A', does: 'list the Images of all namespaces' },
    { line: 'cnb image list --filter ready=false --filter latest-reason=commit,trigger', does: 'list Images that meet all filters' },
  ],
  load: async () => (await import('./view-handlers.ts')).runListImages,
})

/** The three commands of a noun; `image list` has its own options. */
export function viewCommands(noun: Noun): CommandDefinition[] {
  const { word, kind } = noun
  const shown = {
    name: `${word} status`,
    summary: `show the status of a ${kind}`,
    description: `Prints the status of a ${kind} as kp does; with --verbose, more of it.`,
    argument: { name: 'name', description: `name of the ${kind}` },
    formats: ['human', 'json'],
    examples: [
      { line: `cnb ${word} status NAME`, does: `show a ${kind}` },
      { line: `cnb ${word} status NAME --output json`, does: `print a ${kind} as JSON` },
    ],
  } as const
  const listed = {
    name: `${word} list`,
    summary: `list ${kind}s`,
    description: `Prints a table of ${kind}s as kp does.`,
    formats: ['human', 'json'],
    examples: [
      { line: `cnb ${word} list`, does: `list all ${kind}s` },
      { line: `cnb ${word} list --output json`, does: `print all ${kind}s as JSON` },
    ],
  } as const
  const deleted = {
    name: `${word} delete`,
    summary: `delete a ${kind}`,
    description: `Deletes a ${kind}. Images in registries stay.`,
    argument: { name: 'name', description: `name of the ${kind}` },
    formats: MAKING_FORMATS,
    examples: [
      { line: `cnb ${word} delete NAME`, does: `delete a ${kind}` },
      { line: `cnb ${word} delete NAME --state .state`, does: 'delete it from another state' },
    ],
  } as const
  const load = () => import('./view-handlers.ts')
  if (!noun.isNamespaced) {
    return [
      defineCommand({ ...listed, groups: OF_CLUSTER, load: async () => (await load()).runList(noun) }),
      defineCommand({ ...shown, groups: OF_CLUSTER, load: async () => (await load()).runStatus(noun) }),
      noun === CLUSTER_STORE
        ? defineCommand({ ...deleted, groups: OF_STORE, load: async () => (await load()).runDeleteStore })
        : defineCommand({ ...deleted, groups: OF_CLUSTER, load: async () => (await load()).runDelete(noun) }),
    ]
  }
  return [
    noun === IMAGE ? listImagesCommand : defineCommand({ ...listed, groups: OF_NAMESPACE, load: async () => (await load()).runListWithin(noun) }),
    defineCommand({ ...shown, groups: OF_NAMESPACE, load: async () => (await load()).runStatusWithin(noun) }),
    defineCommand({ ...deleted, groups: OF_NAMESPACE, load: async () => (await load()).runDeleteWithin(noun) }),
  ]
}
