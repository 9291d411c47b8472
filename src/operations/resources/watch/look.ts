/** Looks at sources and base images as a plan does, and changes nothing. */

import { isDeepStrictEqual } from 'node:util'
import { toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { formatReference, parseReference } from '../../../oci/reference.ts'
import { conditionOf, resourceId, type AnyBuilder } from '../../../reconcile/state.ts'
import { dependsOn } from '../../../reconcile/watch/polls.ts'
import type { Image } from '../../../resources/kinds/image.ts'
import type { SourceResolver } from '../../../resources/kinds/source-resolver.ts'
import { builderAccount, builderTag } from '../builders/assemble-builder.ts'
import { basesOf, reconcileBases, type BaseResource } from '../builders/reconcile-bases.ts'
import { buildersOf, reconcileBuilders } from '../builders/reconcile-builders.ts'
import { isSettled, planImage } from '../images/reconcile-images.ts'
import { resolveSource } from '../images/resolve-source.ts'
import type { ReconcileScope } from '../scope.ts'

export interface SourceLook {
  /** The Images that need something, with their resolved sources. */
  readonly changed: ReadonlyMap<string, SourceResolver>
  /** Why the source cannot be read. */
  readonly problem: string | undefined
}

/** Looks at the source that Images share. @param scope with new sources */
export async function lookAtSource(images: readonly Image[], scope: ReconcileScope, context: Context): Promise<SourceLook> {
  const changed = new Map<string, SourceResolver>()
  let problem: string | undefined
  await Promise.all(images.map(async (image) => {
    const resolver = await resolveSource(image, scope, context)
    const ready = conditionOf(resolver, 'Ready')
    if (ready?.status !== 'True') problem ??= ready?.message ?? ''
    const planned = await planImage(image, resolver, scope, context)
    const { decision } = planned.step
    // A build that no process runs any more blocks its Image until a turn ends it.
    const isBlocked = decision?.kind === 'UNKNOWN' && decision.cause === 'BuildRunning'
    if (isBlocked || !isSettled(planned, scope)) changed.set(resourceId(image), resolver)
  }))
  return { changed, problem }
}

export interface BaseLook {
  /** The ids of stacks, stores, lifecycles, buildpacks and builders that changed. */
  readonly changed: ReadonlySet<string>
  /** Why some cannot be read, by their ids. */
  readonly problems: ReadonlyMap<string, string>
}

/** Looks at stacks, stores, lifecycles, buildpacks and builders. */
export async function lookAtBases(ids: ReadonlySet<string>, scope: ReconcileScope, context: Context): Promise<BaseLook> {
  const { resources } = scope
  const fork: ReconcileScope = { ...scope, resources: resources.fork(), options: { ...scope.options, isPlan: true } }
  const isDue = (resource: Parameters<typeof resourceId>[0]): boolean => ids.has(resourceId(resource))
  await reconcileBases(fork, context, isDue)
  const changed = new Set<string>()
  const problems = new Map<string, string>()
  const compare = (looked: readonly (BaseResource | AnyBuilder)[]): void => {
    for (const resource of looked) {
      if (!isDeepStrictEqual(resource.status, resources.get(resource)?.status)) changed.add(resourceId(resource))
      const failed = resource.status?.conditions?.find(({ status }) => status !== 'True')
      if (failed && isDue(resource)) problems.set(resourceId(resource), failed.message ?? failed.reason ?? failed.type)
    }
  }
  compare(basesOf(fork.resources))
  const wanted = (builder: AnyBuilder): boolean => isDue(builder) || dependsOn(builder, changed)
  await reconcileBuilders(fork, context, wanted)
  compare(buildersOf(fork.resources))
  for (const builder of buildersOf(resources).filter(isDue)) {
    if (!(await isPublished(builder, scope, context))) changed.add(resourceId(builder))
  }
  return { changed, problems }
}

/** Returns whether the registry, or the engine, has the builder's image under its tag. One that does not answer may have it. */
async function isPublished(builder: AnyBuilder, { accounts, options, engine }: ReconcileScope, context: Context): Promise<boolean> {
  const { latestImage } = builder.status ?? {}
  if (latestImage === undefined) return true
  try {
    if (options.to === 'engine') return (await (await engine()).engine.images.inspect(formatReference(builderTag(builder)), context)) !== undefined
    const reference = parseReference(latestImage)
    const registries = await accounts.registriesOf(builderAccount(builder))
    const found = await registries.repository(reference, 'pull').resolve(reference.tag ?? 'latest', context)
    return found?.digest === reference.digest
  } catch (error) {
    context.signal?.throwIfAborted()
    context.events?.({ type: 'debug', message: `cannot check the image of ${resourceId(builder)}: ${toCnbError(error).message}` })
    return true
  }
}
