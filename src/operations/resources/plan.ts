/** `cnb plan`: what `cnb apply` would do and why, without doing it. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Change } from '../../reconcile/changes/changes.ts'
import { reasonsText } from '../../reconcile/changes/changes.ts'
import { printChanges } from '../../reconcile/changes/printed-changes.ts'
import { resourceId } from '../../reconcile/state.ts'
import type { AnyResource } from '../../resources/kind.ts'
import type { Store } from '../../state/store.ts'
import { differenceTo, readWanted, refuseChanges, storeWanted, type WantedOptions } from './files/wanted.ts'
import { MAKINGS, type PlannedImage, planImages } from './images/reconcile-images.ts'
import { settleInterrupted } from './images/build-progress.ts'
import { openScope, type ScopeOptions, type ScopeServices } from './open-scope.ts'
import { basesOf } from './builders/reconcile-bases.ts'
import { buildersOf } from './builders/reconcile-builders.ts'
import { failuresOf, reasonOf, rootsOf } from './readiness.ts'
import { reconcileBasesAndSources } from './reconcile.ts'
import { type Subject, subjectOf } from './resource-word.ts'
import { Resources } from './resources.ts'
import type { Failure, Making } from './scope.ts'

export interface PlanOptions extends ScopeOptions, WantedOptions {}

type Action = Making | 'create' | 'configure' | 'none' | 'unknown'

/** What would happen to a resource. */
export interface PlannedResource extends Subject {
  /** `unknown`: it cannot be decided. */
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
  /** The resources that cannot be decided. */
  readonly failures: readonly CnbError[]
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
  for (const each of wanted) {
    const { resource } = each
    const change = differenceTo(resources.get(resource), resource)
    await storeWanted(each, resources, context)
    if (change !== 'unchanged' && resource.kind !== 'Image') planned.push(plannedOf(resource, change === 'created' ? 'create' : 'configure'))
  }
  await using scope = await openScope({ ...options, isPlan: true }, store, resources, services, context)
  // As the next application: builds that no process runs are made again.
  if (!(await store.isLocked(context))) for (const build of resources.list('Build')) await settleInterrupted(build, scope, context)
  const resolved = await reconcileBasesAndSources(scope, () => true, context)
  for (const builder of buildersOf(resources)) {
    const action = scope.made.get(resourceId(builder))
    if (action) planned.push(plannedOf(builder, action, builder.status?.latestImage))
  }
  const images = await planImages(resolved, scope, context)
  const roots: Failure[] = [...basesOf(resources), ...buildersOf(resources)].flatMap((resource) => rootsOf(resource, scope))
  const running: CnbError[] = []
  const described = images.map((each) => {
    const known = describeKnown(each)
    if (known) return known
    const { image, step: { decision, status } } = each
    const unknown = decision?.kind === 'UNKNOWN' ? decision : undefined
    const [root, ...more] = unknown?.cause === 'BuildRunning' ? [] : rootsOf({ ...image, status }, scope)
    if (root) roots.push(root, ...more)
    else running.push(runningBuild(image))
    return plannedOf(image, 'unknown', unknown?.message ?? (root ? reasonOf(image, root) : RUNNING))
  })
  // A builder that only waits needs no line next to that of its Image and that of the cause.
  const causes = new Map(roots.flatMap((root) => (root.resource.kind === 'Image' ? [] : [[resourceId(root.resource), root] as const])))
  const all = [...planned, ...[...causes.values()].map(({ resource, cause }) => plannedOf(resource, 'unknown', cause.message)), ...described]
  const failures = [...failuresOf(roots, scope, context), ...running]
  return { resources: all, changes: all.some(({ action }) => action !== 'none' && action !== 'unknown'), failures }
}

const RUNNING = 'a build of it runs now'

function runningBuild({ metadata: { namespace, name } }: AnyResource): CnbError {
  return new CnbError('CNB_NOT_READY', `cannot plan Image ${namespace}/${name}: ${RUNNING}`, { hint: 'Plan again when the build has ended.' })
}

function plannedOf(resource: AnyResource, action: Action, reason = ''): PlannedResource {
  return { ...subjectOf(resource), action, reason, changes: [], text: '' }
}

/** Returns undefined if it cannot be decided. */
function describeKnown({ image, step: { decision } }: PlannedImage): PlannedResource | undefined {
  if (decision && 'priority' in decision) {
    const { kind, changes } = decision
    return { ...plannedOf(image, MAKINGS[kind], reasonsText(changes)), changes: changes.map(({ reason, old, new: now }) => ({ reason, old, new: now })), text: printChanges(changes, { colour: false }) }
  }
  if (decision?.kind !== 'NONE') return undefined
  return { ...plannedOf(image, 'none'), ...(decision.pending.length > 0 ? { pending: reasonsText(decision.pending) } : {}) }
}
