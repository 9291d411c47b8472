/** The resources of the user's files, checked. */

import type { Context } from '../../../base/events.ts'
import { outcomeOf } from '../../../reconcile/state.ts'
import { formatFault } from '../../../resources/fields/field-fault.ts'
import { isKind, KINDS } from '../../../resources/kind-list.ts'
import type { AnyResource } from '../../../resources/kind.ts'
import { readResources, type ReadResource } from '../../../resources/read-resources.ts'
import { resourceError, type ResourceFault } from '../../../resources/resource-fault.ts'
import { updateFaults } from '../../../resources/validate.ts'
import { readResourceFiles } from './resource-files.ts'
import type { Resources } from '../resources.ts'

export interface WantedOptions {
  /** Files and directories; `-` for standard input. */
  readonly files?: readonly string[]
  readonly namespace?: string
  /** Fields that kpack does not have are warnings. */
  readonly lenient?: boolean
}

/** Reads and checks all files; what others refer to comes first. @throws CnbError CNB_RESOURCE_INVALID with all faults, CNB_USAGE */
export async function readWanted({ files = [], namespace, lenient }: WantedOptions, cwd: string, input: AsyncIterable<Buffer>, context: Context): Promise<ReadResource[]> {
  const { resources, warnings, faults } = readResources(await readResourceFiles(files, { cwd, input }, context), { namespace, isLenient: lenient })
  for (const message of warnings) context.events?.({ type: 'warning', message })
  refuse(faults)
  const orderOf = ({ resource: { kind } }: ReadResource): number => KINDS.findIndex((each) => each.kind === kind)
  return [...resources].sort((a, b) => orderOf(a) - orderOf(b))
}

/** @throws CnbError CNB_RESOURCE_INVALID for a change that kpack forbids, such as another tag of an Image */
export function refuseChanges(wanted: readonly ReadResource[], resources: Resources): void {
  refuse(changeFaults(wanted, resources))
}

/** Returns the changes that kpack forbids. */
export function changeFaults(wanted: readonly ReadResource[], resources: Resources): ResourceFault[] {
  return wanted.flatMap(({ resource, position }) => {
    const before = resources.get(resource)
    if (!before) return []
    return updateFaults(before, resource).map((fault) => ({ message: `${resource.kind} ${resource.metadata.name}: ${formatFault(fault)}`, position }))
  })
}

function refuse([first, ...more]: readonly ResourceFault[]): void {
  if (first) throw resourceError([first, ...more])
}

/**
 * Stores a resource as its user wrote it. A finished Build, as `kubectl get -o yaml` prints it, keeps its result: it does not run again, and
 * its Image continues from it.
 * @throws CnbError CNB_STATE_CHANGED, CNB_OUTPUT
 */
export async function storeWanted({ resource, written }: ReadResource, resources: Resources, context: Context): Promise<void> {
  const isNew = resources.get(resource) === undefined
  await resources.write(written, context)
  if (isNew && isKind(resource, 'Build') && resource.status && outcomeOf(resource) !== 'running') await resources.writeStatus(resource, resource.status, context)
}

/** How a stored resource differs from the wanted one. */
export type Difference = 'created' | 'configured' | 'unchanged'

export function differenceTo(before: AnyResource | undefined, wanted: AnyResource): Difference {
  if (!before) return 'created'
  return contentOf(before) === contentOf(wanted) ? 'unchanged' : 'configured'
}

/** Returns the fields that the user determines. */
function contentOf(resource: AnyResource): string {
  const { uid: _uid, generation: _generation, creationTimestamp: _time, ...metadata } = resource.metadata
  return JSON.stringify(sorted({ ...resource, status: undefined, metadata }))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}
