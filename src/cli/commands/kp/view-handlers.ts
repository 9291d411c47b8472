/** Handlers of kp's verbs list, status and delete. */

import { CnbError } from '../../../base/errors.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { deleteResources, selectResources, type SelectOptions } from '../../../operations/resources/select.ts'
import type { ResourceRow } from '../../../ui/resources/resource-row.ts'
import type { CommandContext, Handler } from '../../command.ts'
import { parseImageFilter } from './image-filter.ts'
import { CLUSTER_STORE, IMAGE, type Noun } from './nouns.ts'
import { listText, statusText } from './status-text.ts'

interface OfCluster {
  readonly state?: string
}

interface OfNamespace extends OfCluster {
  readonly namespace?: string
}

interface ListedImages extends OfNamespace {
  readonly allNamespaces?: boolean
  readonly filters?: readonly string[]
}

export const runListImages: Handler<ListedImages> = async (_argument, { filters = [], ...values }, session) => {
  const matches = filters.map(parseImageFilter)
  return listed(IMAGE, (await select({ given: ['images'] }, values, session)).filter((row) => matches.every((match) => match(row))))
}

export function runListWithin(noun: Noun): Handler<OfNamespace> {
  return async (_argument, values, session) => listed(noun, await select({ given: [`${noun.word}s`] }, values, session))
}

export function runList(noun: Noun): Handler<OfCluster> {
  return runListWithin(noun)
}

function listed({ kind, none }: Noun, rows: readonly ResourceRow[]) {
  if (rows.length === 0) throw new CnbError('CNB_RESOURCE_NOT_FOUND', none, { hint: "Create one, or apply a file with 'cnb apply'." })
  const sorted = rows.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  return { data: { resources: sorted }, line: sorted.map(({ metadata }) => metadata.name).join('\n'), text: () => listText(kind, sorted).join('\n').trimEnd() }
}

export function runStatusWithin({ word, kind }: Noun): Handler<OfNamespace> {
  return async (name, values, session) => {
    const [row] = await select({ given: [word, name] }, values, session)
    if (!row) throw new CnbError('CNB_INTERNAL', `cannot show ${kind} ${name}: it was selected, and is absent`)
    const builds = kind === IMAGE.kind ? await select({ given: ['builds'], selector: `image.kpack.io/image=${name}` }, values, session) : []
    const sorted = builds.toSorted((a, b) => numberOf(a) - numberOf(b))
    return { data: { resource: row }, line: `${row.metadata.name}`, text: () => statusText(row, sorted, session.verbose).join('\n').trimEnd() }
  }
}

export function runStatus(noun: Noun): Handler<OfCluster> {
  return runStatusWithin(noun)
}

export function runDeleteWithin({ word, title, kind }: Noun): Handler<OfNamespace> {
  return async (name, { state, ...options }, { host, context }) => {
    await deleteResources({ given: [word, name], ...options }, await openState(state, host), context)
    return { data: { kind, name }, line: name, text: () => `${title} "${name}" deleted` }
  }
}

export function runDelete(noun: Noun): Handler<OfCluster> {
  return runDeleteWithin(noun)
}

export const runDeleteStore: Handler<OfCluster & { readonly force?: boolean }> = async (name, { force: _, ...values }, session) =>
  runDelete(CLUSTER_STORE)(name, values, session)

async function select(options: SelectOptions, { state, ...values }: OfNamespace & { allNamespaces?: boolean }, { host, context }: CommandContext): Promise<ResourceRow[]> {
  const selected = await selectResources({ ...options, ...values }, await openState(state, host), context)
  return selected.flatMap(({ resources }) => [...resources])
}

function numberOf({ metadata: { labels = {} } }: ResourceRow): number {
  return Number(labels['image.kpack.io/buildNumber'] ?? 0)
}
