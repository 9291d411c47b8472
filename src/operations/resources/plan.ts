/** `cnb plan`: what `cnb apply` would do and why, without doing it. */

import type { Context } from '../../base/events.ts'
import type { Change } from '../../reconcile/changes/changes.ts'
import { reasonsText } from '../../reconcile/changes/changes.ts'
import { printChanges } from '../../reconcile/changes/printed-changes.ts'
import { resourceId } from '../../reconcile/state.ts'
import type { Store } from '../../state/store.ts'
import { differenceTo, readWanted, refuseChanges, type WantedOptions } from './files/wanted.ts'
import { type PlannedImage, planImages } from './images/reconcile-images.ts'
import { openScope, type ScopeOptions, type ScopeServices } from './open-scope.ts'
import { reconcileBases } from './builders/reconcile-bases.ts'
import { buildersOf, reconcileBuilders } from './builders/reconcile-builders.ts'
import { type Subject, subjectOf } from './resource-word.ts'
import { Resources } from './resources.ts'

export interface PlanOptions extends ScopeOptions, WantedOptions {}

type Action = 'build' | 'rebase' | 'retag' | 'publish' | 'save' | 'create' | 'configure' | 'none' | 'unknown'

/** What would happen to a resource. */
export interface PlannedResource extends Subject {
  /** `unknown`: it cannot be decided before something else is ready. */
  readonly action: Action
  /** `CONFIG`, `COMMIT,STACK`; the cause of an unknown action. */
  readonly reason: string
  /** Changes that take effect with the next build, if nothing is built now. */
  readonly pending?: string
  readonly changes: readonly Pick<Change, 'reason' | 'old' | 'new'>[]
  /** The changes as the log of a build prints them. */
  readonly text: string
}

export interface PlanResult {
  readonly resources: readonly PlannedResource[]
  /** Whether `cnb apply` would do anything. */
  readonly changes: boolean
}

/**
 * Plans an application of resources, or of the stored ones without files. Reads sources and registries, and changes nothing.
 * @param input standard input, for the file `-`
 * @throws CnbError as apply
 */
export async function planResources(options: PlanOptions, store: Store, services: ScopeServices, input: AsyncIterable<Buffer>, context: Context): Promise<PlanResult> {
  const wanted = await readWanted(options, services.remote.host.cwd, input, context)
  const resources = await Resources.read(store, context, { isPlan: true })
  refuseChanges(wanted, resources)
  const planned: PlannedResource[] = []
  for (const { resource, written } of wanted) {
    const change = differenceTo(resources.get(resource), resource)
    await resources.write(written, context)
    if (change !== 'unchanged' && resource.kind !== 'Image') planned.push({ ...subjectOf(resource), action: change === 'created' ? 'create' : 'configure', reason: '', changes: [], text: '' })
  }
  await using scope = await openScope({ ...options, isPlan: true }, store, resources, services, context)
  const before = new Map(buildersOf(resources).map((builder) => [resourceId(builder), builder.status?.latestImage]))
  await reconcileBases(scope, context)
  await reconcileBuilders(scope, context)
  for (const builder of buildersOf(resources)) {
    const image = builder.status?.latestImage
    if (image === undefined || image === before.get(resourceId(builder))) continue
    planned.push({ ...subjectOf(builder), action: options.to === 'engine' ? 'save' : 'publish', reason: image, changes: [], text: '' })
  }
  const images = await planImages(scope, () => true, context)
  const all = [...planned, ...images.map(describePlanned)]
  return { resources: all, changes: all.some(({ action }) => action !== 'none') }
}

function describePlanned({ image, step: { decision, status } }: PlannedImage): PlannedResource {
  const subject = { ...subjectOf(image), changes: [], text: '' }
  if (decision && 'priority' in decision) {
    const { kind, changes } = decision
    return { ...subject, action: ACTIONS[kind], reason: reasonsText(changes), changes: changes.map(({ reason, old, new: now }) => ({ reason, old, new: now })), text: printChanges(changes, { colour: false }) }
  }
  if (decision?.kind === 'NONE') return { ...subject, action: 'none', reason: '', ...(decision.pending.length > 0 ? { pending: reasonsText(decision.pending) } : {}) }
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return { ...subject, action: 'unknown', reason: decision?.message ?? ready?.message ?? 'it is not known yet' }
}

const ACTIONS = { BUILD: 'build', REBASE: 'rebase', RETAG: 'retag' } as const
