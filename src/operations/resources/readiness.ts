/** Whether resources are ready, as results and errors say it. */

import { CnbError, type ErrorCode } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { conditionOf, resourceId } from '../../reconcile/state.ts'
import { isKind } from '../../resources/kind-list.ts'
import type { AnyResource } from '../../resources/kind.ts'
import type { NamedReference } from '../../resources/kinds/parts.ts'
import type { Condition, Status } from '../../resources/resource.ts'
import { findBuilder, partsOf } from './builders/reconcile-builders.ts'
import { shownResource, wordOf } from './resource-word.ts'
import type { Failure, ReconcileScope } from './scope.ts'

/** The state of a resource after a reconciliation. */
export interface Readiness {
  /** Absent for kinds without conditions, such as Secret. */
  readonly ready?: Condition['status']
  readonly reason?: string
  readonly message?: string
  /** The resource that must become ready first. */
  readonly waitsFor?: string
  /** The latest image, of kinds that have one. */
  readonly latestImage?: string
}

type WithStatus = AnyResource & { readonly status?: Status & { readonly latestImage?: string } }
type Outcomes = Pick<ReconcileScope, 'resources' | 'failures'>

/** @param root why it is not ready */
export function readinessOf(resource: WithStatus | undefined, root?: Failure): Readiness {
  const condition = resource && conditionOf(resource, resource.kind === 'Build' ? 'Succeeded' : 'Ready')
  if (!resource || !condition) return {}
  const { status, reason } = condition
  // The condition of a builder without an image does not say why it has none.
  const message = (reason === 'NoLatestImage' && conditionOf(resource, 'UpToDate')?.message) || condition.message
  const latestImage = resource.status?.latestImage
  const waitsFor = root && resourceId(root.resource) !== resourceId(resource) ? wordOf(root.resource) : undefined
  return { ready: status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), ...(waitsFor ? { waitsFor } : {}), ...(latestImage ? { latestImage } : {}) }
}

/**
 * Returns why a resource is not ready or not up to date: the failure of the resource for which it waits, or its own; both, if the source of
 * an Image cannot be resolved, because it does not depend on the builder.
 */
export function rootsOf(resource: WithStatus, outcomes: Outcomes): Failure[] {
  const failed = resource.status?.conditions?.find(({ type, status }) => status !== 'True' && OWN.has(type))
  if (!failed) return []
  const awaited = awaitedBy(resource, outcomes)
  const roots = awaited ? rootsOf(awaited, outcomes) : []
  const own = outcomes.failures.get(resourceId(resource))
  if (roots.length === 0) return [own ?? { resource, ...unrecorded(resource, failed) }]
  return own && isKind(resource, 'Image') ? [...roots, own] : roots
}

/** The other conditions repeat those of a builder or a SourceResolver. */
const OWN: ReadonlySet<string> = new Set(['Ready', 'UpToDate', 'Succeeded'])

/** The failure of an earlier run, such as that of the last build, in kpack's words. */
function unrecorded(resource: AnyResource, { message, reason = 'its status is unknown' }: Condition): Omit<Failure, 'resource'> {
  if (!isKind(resource, 'Image')) return { verb: 'use', cause: new CnbError('CNB_NOT_READY', message ?? reason) }
  const { kind = '', name = '' } = resource.spec.builder
  const cause = reason === 'BuilderNotFound'
    ? new CnbError('CNB_NOT_READY', `${kind.toLowerCase()}.kpack.io "${name}" not found`, { hint: 'Apply it, or correct the Image.' })
    : new CnbError('CNB_NOT_READY', (message ?? reason).replaceAll(/(^|failed: )Error: /g, '$1'))
  return { verb: 'build', cause }
}

/** Returns the error of a resource for people. */
function errorOf({ resource, verb, cause }: Failure): CnbError {
  const { code, message, exit, hint } = cause
  return new CnbError(code, `cannot ${verb} ${shownResource(resource)}: ${message}`, { hint: HINTS[code] ?? hint ?? hintOf(resource), exit, cause })
}

/** Hints in place of those that name options of `cnb build`. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  CNB_DETECT_FAILED: "Correct the order of its builder, or spec.source.subPath; 'cnb logs' shows why no group fits.",
  CNB_REGISTRY_DENIED: "Add a Secret for the registry to the resource's service account, or run 'docker login'.",
}

function hintOf({ kind, metadata: { name, namespace } }: AnyResource): string {
  const where = namespace === undefined ? '' : ` -n ${namespace}`
  if (kind === 'Image') return `Correct the cause: 'cnb logs ${name}${where}' shows the build, and 'cnb trigger image ${name}${where}' repeats it.`
  return `See 'cnb describe ${kind.toLowerCase()} ${name}${where}'.`
}

function awaitedBy(resource: AnyResource, { resources, failures }: Outcomes): WithStatus | undefined {
  const unready = (part: WithStatus | undefined): WithStatus | undefined => (part && conditionOf(part, 'Ready')?.status !== 'True' ? part : undefined)
  const builderOf = (reference: NamedReference): WithStatus | undefined => unready(findBuilder(reference, resource.metadata.namespace, resources))
  if (isKind(resource, 'Image')) return builderOf(resource.spec.builder)
  if (isKind(resource, 'Build')) return builderOf(resource.spec.builder.ref ?? {})
  if (!isKind(resource, 'Builder') && !isKind(resource, 'ClusterBuilder')) return undefined
  const { stack, lifecycle, store } = partsOf(resource, resources)
  // A store need not be ready, if it has the buildpacks of the order.
  const lacksBuildpack = failures.get(resourceId(resource))?.cause.code === 'CNB_BUILDPACK_NOT_FOUND'
  return unready(stack) ?? unready(lifecycle) ?? (lacksBuildpack ? unready(store) : undefined)
}

/** Returns why a resource is not ready, in a few words. */
export function reasonOf(resource: AnyResource, root: Failure): string {
  return resourceId(root.resource) === resourceId(resource) ? root.cause.message : `waits for ${wordOf(root.resource)}`
}

/**
 * Returns the errors of resources, each once, although several may wait for one resource. The other failures of the run become warnings: they
 * concern resources that the command does not name.
 */
export function failuresOf(roots: readonly Failure[], outcomes: Outcomes, { events }: Context): CnbError[] {
  const byId = (found: readonly Failure[]): Map<string, CnbError> => new Map(found.map((each) => [resourceId(each.resource), errorOf(each)]))
  const errors = byId(roots)
  const others = byId([...outcomes.failures.values()].flatMap(({ resource }) => rootsOf(outcomes.resources.get(resource) ?? resource, outcomes)))
  for (const [id, { message }] of others) if (!errors.has(id)) events?.({ type: 'warning', message })
  return [...errors.values()]
}
