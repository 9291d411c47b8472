/** Brings the status of stacks, stores, lifecycles and buildpacks up to date. */

import type { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { Limiter } from '../../../base/limiter.ts'
import { readyConditions, withTimes } from '../../../reconcile/conditions.ts'
import type { KindName, ResourceTypes } from '../../../resources/kind-list.ts'
import type { BuildpackStatus, ServiceAccountReference } from '../../../resources/kinds/parts.ts'
import type { Platform } from '../../../oci/platform.ts'
import type { Status } from '../../../resources/resource.ts'
import { resolveLifecycle } from './resolve-lifecycle.ts'
import { resolveStack } from './resolve-stack.ts'
import { resolveStore, sortModules } from './resolve-store.ts'
import type { ResourceServices } from './resource-images.ts'
import { accountOf } from '../accounts.ts'
import type { Resources } from '../resources.ts'
import { recordFailure, type ReconcileScope } from '../scope.ts'

/** Concurrent resources: most of the time is spent waiting for registries. */
const AT_ONCE = 8

type BaseKind = 'ClusterLifecycle' | 'ClusterStack' | 'ClusterStore' | 'Buildpack' | 'ClusterBuildpack'

/** A status without the fields of all kinds, and the fault of a part of the resource, which is not ready then. */
interface Resolution<S> {
  readonly status: Omit<S, keyof Status>
  readonly problem?: CnbError
}

/** How a kind is resolved. */
interface Base<Name extends BaseKind> {
  readonly accountOf: (resource: ResourceTypes[Name]) => ServiceAccountReference | undefined
  readonly resolve: (resource: ResourceTypes[Name], services: ResourceServices, scope: ReconcileScope, context: Context) => Promise<Resolution<NonNullable<ResourceTypes[Name]['status']>>>
}

const ofCluster = ({ spec }: { spec: { serviceAccountRef?: ServiceAccountReference } }): ServiceAccountReference | undefined => spec.serviceAccountRef

const BASES: { readonly [Name in BaseKind]: Base<Name> } = {
  ClusterLifecycle: { accountOf: ofCluster, resolve: async ({ spec }, services, _scope, context) => ({ status: await resolveLifecycle(spec, services, context) }) },
  ClusterStack: { accountOf: ofCluster, resolve: async ({ spec }, services, _scope, context) => ({ status: await resolveStack(spec, services, context) }) },
  ClusterStore: { accountOf: ofCluster, resolve: ({ spec: { sources }, status }, services, scope, context) => buildpacksOf(sources, status, services, scope, context) },
  Buildpack: { accountOf, resolve: ({ spec, status }, services, scope, context) => buildpacksOf([spec], status, services, scope, context) },
  ClusterBuildpack: { accountOf: ofCluster, resolve: ({ spec, status }, services, scope, context) => buildpacksOf([spec], status, services, scope, context) },
}

interface Modules {
  readonly buildpacks?: readonly BuildpackStatus[]
  readonly extensions?: readonly BuildpackStatus[]
}

/** Sources that cannot be read keep the buildpacks that they had before. */
async function buildpacksOf(sources: readonly { image: string }[], before: Modules | undefined, services: ResourceServices, { options }: ReconcileScope, context: Context) {
  const { buildpacks, extensions, errors } = await resolveStore(sources, services, options, context)
  const isKept = ({ storeImage }: BuildpackStatus): boolean => errors.some(({ image }) => image === storeImage?.image)
  const withKept = (modules: readonly BuildpackStatus[], known: readonly BuildpackStatus[] = []): BuildpackStatus[] => sortModules([...modules, ...known.filter(isKept)])
  const allExtensions = withKept(extensions, before?.extensions)
  const message = errors.map(({ image, error }) => (sources.length === 1 ? error.message : `${image}: ${error.message}`)).join('; ')
  const problem = errors[0]?.error.withMessage(message)
  return { status: { buildpacks: withKept(buildpacks, before?.buildpacks), ...(allExtensions.length > 0 ? { extensions: allExtensions } : {}) }, ...(problem && { problem }) }
}

export type BaseResource = ResourceTypes[BaseKind]

export function basesOf(resources: Resources): BaseResource[] {
  return (Object.keys(BASES) as BaseKind[]).flatMap((kind): BaseResource[] => resources.list(kind))
}

/**
 * Resolves the wanted ones, several at once. A failure is the status of its resource.
 * @throws CnbError CNB_INTERRUPTED, CNB_STATE_CHANGED, CNB_OUTPUT
 */
export async function reconcileBases(scope: ReconcileScope, context: Context, isWanted: (base: BaseResource) => boolean = () => true): Promise<void> {
  const limit = new Limiter(AT_ONCE)
  const wanted = basesOf(scope.resources).filter(isWanted)
  await Promise.all(wanted.map((resource) => limit.run(() => reconcileBase(resource.kind as BaseKind, resource as never, scope, context))))
}

/** Returns a resource with its status for another platform, from the images that were seen. @throws CnbError as its resolution */
export async function resolveFor<R extends BaseResource>(resource: R, platform: Platform, scope: ReconcileScope, context: Context): Promise<R> {
  const base = BASES[resource.kind as BaseKind] as unknown as Base<'ClusterStack'>
  const like = resource as unknown as ResourceTypes['ClusterStack']
  const registries = await scope.accounts.registriesOf(base.accountOf(like))
  const { status } = await base.resolve(like, { registries, platform, cache: scope.cache, seen: scope.seen, isPinned: true }, scope, context)
  return { ...resource, status: { ...resource.status, ...status } }
}

async function reconcileBase<Name extends BaseKind & KindName>(kind: Name, resource: ResourceTypes[Name], scope: ReconcileScope, context: Context): Promise<void> {
  const base: Base<Name> = BASES[kind]
  const { resources, accounts, services, now } = scope
  const { conditions, ...before }: Status = resource.status ?? {}
  const failed = (error: unknown): { cause: string } => ({ cause: recordFailure(scope, 'resolve', resource, error).message })
  const resolve = async (): Promise<{ fields: object; cause?: string }> => {
    try {
      const registries = await accounts.registriesOf(base.accountOf(resource))
      const { status, problem } = await base.resolve(resource, { registries, platform: services.platform, cache: scope.cache, seen: scope.seen }, scope, context)
      return { fields: status, ...(problem && failed(problem)) }
    } catch (error) {
      context.signal?.throwIfAborted()
      // kpack drops the old status; the builders keep their images either way.
      return { fields: scope.options.kpackCompatible ? {} : before, ...failed(error) }
    }
  }
  const { fields, cause } = await resolve()
  const status = { ...fields, observedGeneration: resource.metadata.generation, conditions: withTimes(readyConditions(cause), conditions, now()) }
  await resources.writeStatus(resource as never, status as never, context)
}
