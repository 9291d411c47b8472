/** `cnb apply`: stores resources, and brings everything up to date. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { buildsOf } from '../../reconcile/history.ts'
import { REASON, resourceId } from '../../reconcile/state.ts'
import { isKind, KINDS } from '../../resources/kind-list.ts'
import type { AnyResource } from '../../resources/kind.ts'
import type { Image } from '../../resources/kinds/image.ts'
import type { ReadResource } from '../../resources/read-resources.ts'
import { matchesLabels, parseLabelSelector } from '../../state/label-selector.ts'
import type { Store } from '../../state/store.ts'
import { holding } from './joined-signal.ts'
import { type Subject, subjectOf } from './resource-word.ts'
import { openScope, type ScopeOptions, type ScopeServices } from './open-scope.ts'
import { failuresOf, readinessOf, rootsOf, type Readiness } from './readiness.ts'
import { reconcile } from './reconcile.ts'
import { Resources } from './resources.ts'
import type { Making } from './scope.ts'
import { ownedBy } from './select.ts'
import { type Difference, differenceTo, readWanted, refuseChanges, storeWanted, type WantedOptions } from './files/wanted.ts'

export interface ApplyOptions extends ScopeOptions, WantedOptions {
  /** Checks, and reports what would be stored. */
  readonly dryRun?: boolean
  /** Removes stored resources that match the selector and are in no file. */
  readonly prune?: boolean
  readonly selector?: string
}

export interface AppliedResource extends Readiness, Subject {
  readonly change: Difference | 'pruned'
  /** What this run made. */
  readonly action?: Making
  /** The build of an Image in this run. */
  readonly build?: { readonly name: string; readonly reason: string }
}

export interface ApplyResult {
  readonly dryRun: boolean
  readonly resources: readonly AppliedResource[]
  /** The resources that are not ready afterwards. */
  readonly failures: readonly CnbError[]
}

/** A resource of the files, or one that is pruned. */
interface Applied {
  readonly resource: AnyResource
  readonly change: AppliedResource['change']
}

/**
 * Applies resources. Checks all of them before it stores one, and stores all before the first build.
 * @param input standard input, for the file `-`
 * @throws CnbError CNB_RESOURCE_INVALID, CNB_USAGE, CNB_STATE_*, CNB_OUTPUT, CNB_INTERRUPTED
 */
export async function apply(options: ApplyOptions, store: Store, services: ScopeServices, input: AsyncIterable<Buffer>, context: Context): Promise<ApplyResult> {
  if (options.prune && options.selector === undefined) throw new CnbError('CNB_USAGE', 'cannot prune without a selector', { hint: 'Add --selector, such as -l app=shop.' })
  const wanted = await readWanted(options, services.remote.host.cwd, input, context)
  return applyWanted(() => wanted, options, store, services, context)
}

/** What `applyWanted` reads of the options. */
export type WantedApplyOptions = Omit<ApplyOptions, keyof WantedOptions>

/**
 * Applies resources that may depend on the stored ones.
 * @param wantedFrom returns them, checked; no other process changes the stored ones until all are ready
 * @param isWanted selects the images to build
 * @throws CnbError as apply, and those of wantedFrom
 */
export async function applyWanted(
  wantedFrom: (resources: Resources) => readonly ReadResource[],
  options: WantedApplyOptions,
  store: Store,
  services: ScopeServices,
  context: Context,
  isWanted: (image: Image) => boolean = () => true,
): Promise<ApplyResult> {
  if (options.dryRun) {
    const resources = await Resources.read(store, context, { isPlan: true })
    const applied = await storeAll(wantedFrom(resources), options, resources, context)
    return { dryRun: true, resources: applied.map((each) => reportOf(each)), failures: [] }
  }
  await using lock = await store.lock(context)
  const within = holding(lock, context)
  const resources = await Resources.read(store, within)
  const before = new Set(resources.list('Build').map(({ metadata }) => metadata.uid))
  const applied = await storeAll(wantedFrom(resources), options, resources, within)
  await using scope = await openScope(options, store, resources, services, within)
  await reconcile(scope, isWanted, within)
  const roots = new Map(applied.flatMap((each) => {
    const now = resources.get(each.resource)
    return now && each.change !== 'pruned' ? [[each, { now, roots: rootsOf(now, scope) }] as const] : []
  }))
  return {
    dryRun: false,
    resources: applied.map((each) => ({ ...reportOf(each), ...actionOf(scope.made.get(resourceId(each.resource))), ...buildOf(each.resource, resources, before), ...readinessOf(roots.get(each)?.now, roots.get(each)?.roots[0]) })),
    failures: failuresOf([...roots.values()].flatMap((each) => each.roots), scope, within),
  }
}

async function storeAll(wanted: readonly ReadResource[], options: WantedApplyOptions, resources: Resources, context: Context): Promise<Applied[]> {
  refuseChanges(wanted, resources)
  const applied: Applied[] = []
  for (const each of wanted) {
    const { resource } = each
    applied.push({ resource, change: differenceTo(resources.get(resource), resource) })
    await storeWanted(each, resources, context)
  }
  for (const resource of prunable(wanted, options, resources)) {
    for (const owned of ownedBy(resource, resources)) await resources.remove(owned, context)
    await resources.remove(resource, context)
    applied.push({ resource, change: 'pruned' })
  }
  return applied
}

/** Returns the resources to prune, those that others refer to last. */
function prunable(wanted: readonly ReadResource[], { prune, selector = '' }: WantedApplyOptions, resources: Resources): AnyResource[] {
  if (!prune) return []
  const labels = parseLabelSelector(selector)
  const kept = new Set(wanted.map(({ resource }) => resourceId(resource)))
  return KINDS.filter(({ kind }) => kind !== 'Build' && kind !== 'SourceResolver')
    .flatMap(({ kind }) => resources.list(kind as never) as AnyResource[])
    .filter((resource) => !kept.has(resourceId(resource)) && matchesLabels(labels, resource.metadata.labels ?? {}))
    .reverse()
}

function reportOf({ resource, change }: Applied): AppliedResource {
  return { ...subjectOf(resource), change }
}

function actionOf(action: Making | undefined): Pick<AppliedResource, 'action'> {
  return action ? { action } : {}
}

/** Returns the newest build of an Image, if it is of this run. @param before the uids of the builds before it */
function buildOf(resource: AnyResource, resources: Resources, before: ReadonlySet<string | undefined>): Pick<AppliedResource, 'build'> {
  const last = isKind(resource, 'Image') ? buildsOf(resource, resources.list('Build')).at(-1) : undefined
  if (!last || before.has(last.metadata.uid)) return {}
  return { build: { name: last.metadata.name, reason: last.metadata.annotations?.[REASON] ?? '' } }
}
