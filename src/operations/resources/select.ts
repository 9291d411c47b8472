/** Selects stored resources by kubectl's arguments: `images`, `img shop`, `img/shop builder/base`. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { buildsOf } from '../../reconcile/history.ts'
import { findKinds, isKind } from '../../resources/kind-list.ts'
import type { AnyResource, Kind } from '../../resources/kind.ts'
import type { ReadResource } from '../../resources/read-resources.ts'
import { matchesLabels, parseLabelSelector } from '../../state/label-selector.ts'
import { redacted } from '../../state/redacted.ts'
import type { Store } from '../../state/store.ts'
import { resolverName } from './images/resolve-source.ts'
import { holding } from './joined-signal.ts'
import { Resources } from './resources.ts'

export interface SelectOptions {
  /** Kinds and names. */
  readonly given: readonly string[]
  /** Default: `default`. */
  readonly namespace?: string
  readonly allNamespaces?: boolean
  readonly selector?: string
}

/** The resources of one kind. */
export interface Selected {
  readonly kind: Kind
  /** Without the values of Secrets. */
  readonly resources: readonly AnyResource[]
}

/** A kind, and the names of its wanted resources; none: all. */
interface Wanted {
  readonly kind: Kind
  readonly names: readonly string[]
}

/** @throws CnbError CNB_USAGE for an unknown kind, CNB_RESOURCE_NOT_FOUND for a name, CNB_STATE_INVALID */
export async function selectResources(options: SelectOptions, store: Store, context: Context): Promise<Selected[]> {
  const wanted = parseGiven(options.given)
  return select(wanted, options, await Resources.read(store, context)).map(({ kind, resources }) => ({ kind, resources: resources.map(redacted) }))
}

/**
 * Removes resources, and the builds and the source of an Image with it. Images in registries stay.
 * @throws CnbError as selectResources
 */
export async function deleteResources(options: SelectOptions, store: Store, context: Context): Promise<AnyResource[]> {
  const wanted = parseGiven(options.given)
  if (wanted.some(({ names }) => names.length === 0) && options.selector === undefined) {
    throw new CnbError('CNB_USAGE', 'cannot delete without a name', { hint: 'Name the resource, or select several with --selector.' })
  }
  await using lock = await store.lock(context)
  const within = holding(lock, context)
  const resources = await Resources.read(store, within)
  return await removeAll(select(wanted, options, resources).flatMap((each) => each.resources), resources, within)
}

/** Removes the resources of files, those that others refer to last. A resource that is not stored is a warning. @throws CnbError as readWanted */
export async function deleteFiles(wanted: readonly ReadResource[], store: Store, context: Context): Promise<AnyResource[]> {
  await using lock = await store.lock(context)
  const within = holding(lock, context)
  const resources = await Resources.read(store, within)
  const found = wanted.flatMap(({ resource }) => {
    const stored = resources.get(resource)
    if (!stored) context.events?.({ type: 'warning', message: `${resource.kind} ${resource.metadata.name} is not stored` })
    return stored ?? []
  })
  return await removeAll(found.reverse(), resources, within)
}

async function removeAll(found: readonly AnyResource[], resources: Resources, context: Context): Promise<AnyResource[]> {
  for (const resource of found) {
    for (const owned of ownedBy(resource, resources)) await resources.remove(owned, context)
    await resources.remove(resource, context)
  }
  return found.map(redacted)
}

/** Returns the builds and the source of an Image. */
export function ownedBy(resource: AnyResource, resources: Resources): AnyResource[] {
  if (!isKind(resource, 'Image')) return []
  const resolver = resources.find('SourceResolver', { name: resolverName(resource), namespace: resource.metadata.namespace })
  return [...buildsOf(resource, resources.list('Build')), ...(resolver ? [resolver] : [])]
}

/** @throws CnbError CNB_USAGE */
export function parseGiven(given: readonly string[]): Wanted[] {
  const [first = '', ...names] = given
  if (first === '') throw new CnbError('CNB_USAGE', 'cannot select resources without a kind', { hint: "Name a kind, such as 'images', or 'kpack' for all." })
  if (!given.some((word) => word.includes('/'))) return first.split(',').flatMap((word) => findKinds(word)).map((kind) => ({ kind, names }))
  return given.map((word): Wanted => {
    const [kind = '', name = '', ...rest] = word.split('/')
    const [found] = findKinds(kind)
    if (!found || name === '' || rest.length > 0) throw new CnbError('CNB_USAGE', `cannot read '${word}': it is not KIND/NAME`, { hint: 'Write all resources as KIND/NAME, such as image/shop.' })
    return { kind: found, names: [name] }
  })
}

/** @param resources those to select from. @throws CnbError CNB_RESOURCE_NOT_FOUND for a name */
export function select(wanted: readonly Wanted[], { namespace = 'default', allNamespaces, selector = '' }: SelectOptions, resources: Resources | readonly AnyResource[]): Selected[] {
  const labels = parseLabelSelector(selector)
  return wanted.map(({ kind, names }) => {
    const all = resources instanceof Resources ? (resources.list(kind.kind as never) as AnyResource[]) : resources.filter((each) => each.kind === kind.kind)
    const within = all.filter(({ metadata }) => (!kind.isNamespaced || allNamespaces || metadata.namespace === namespace) && matchesLabels(labels, metadata.labels ?? {}))
    if (names.length === 0) return { kind, resources: within }
    return { kind, resources: names.map((name) => within.find(({ metadata }) => metadata.name === name) ?? notFound(kind, name, within)) }
  })
}

function notFound({ plural, group }: Kind, name: string, all: readonly AnyResource[]): never {
  const names = all.map(({ metadata }) => metadata.name).slice(0, 10)
  throw new CnbError('CNB_RESOURCE_NOT_FOUND', `${plural}${group === '' ? '' : `.${group}`} "${name}" not found`, {
    hint: names.length === 0 ? 'Apply it first, or choose another namespace with -n.' : `There are: ${names.join(', ')}.`,
  })
}
