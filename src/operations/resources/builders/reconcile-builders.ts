/** Brings the images of Builders and ClusterBuilders up to date. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { Limiter } from '../../../base/limiter.ts'
import type { ImagePlan } from '../../../images/image.ts'
import { builderConditions, builderObstacle, withTimes, type BuilderParts } from '../../../reconcile/conditions.ts'
import { resourceId, type AnyBuilder } from '../../../reconcile/state.ts'
import { EXISTING_IMAGE, type BuilderStatus } from '../../../resources/kinds/builder.ts'
import type { NamedReference } from '../../../resources/kinds/parts.ts'
import { assembleBuilder, builderAccount } from './assemble-builder.ts'
import { partsOfPlatforms } from './builder-platforms.ts'
import { saveBuilder } from './engine-builder.ts'
import { readExistingBuilder } from './existing-builder.ts'
import type { Resources } from '../resources.ts'
import { recordFailure, type ReconcileScope } from '../scope.ts'
import { signBuilder } from './sign-builder.ts'

/** Concurrent builders; each sends its own layers and mounts the others. */
const AT_ONCE = 4

export function buildersOf(resources: Resources): AnyBuilder[] {
  return [...resources.list('Builder'), ...resources.list('ClusterBuilder')]
}

/** Returns the builder that a resource of a namespace names. */
export function findBuilder({ kind, name = '' }: NamedReference, namespace: string | undefined, resources: Resources): AnyBuilder | undefined {
  return kind === 'ClusterBuilder' ? resources.find('ClusterBuilder', { name }) : resources.find('Builder', { name, namespace })
}

/** Returns the resources that a builder names, without those that do not exist. */
export function partsOf({ spec: { stack, store, lifecycle } }: AnyBuilder, resources: Resources): BuilderParts {
  const find = <Name extends 'ClusterStack' | 'ClusterStore' | 'ClusterLifecycle'>(kind: Name, name: string | undefined) => (name === undefined ? undefined : resources.find(kind, { name }))
  return { stack: find('ClusterStack', stack.name), store: find('ClusterStore', store?.name), lifecycle: find('ClusterLifecycle', lifecycle?.name ?? 'default-lifecycle') }
}

/**
 * Publishes those of the wanted builders that changed, or saves them on the engine. A failure is the status of its builder.
 * @throws CnbError CNB_INTERRUPTED, CNB_STATE_CHANGED, CNB_OUTPUT
 */
export async function reconcileBuilders(scope: ReconcileScope, context: Context, isWanted: (builder: AnyBuilder) => boolean = () => true): Promise<void> {
  const limit = new Limiter(AT_ONCE)
  await Promise.all(buildersOf(scope.resources).filter(isWanted).map((builder) => limit.run(() => reconcileBuilder(builder, scope, context))))
}

async function reconcileBuilder(builder: AnyBuilder, scope: ReconcileScope, context: Context): Promise<void> {
  const { resources, now } = scope
  const { conditions, ...before } = builder.status ?? {}
  const { fields, cause } = await assemble(builder, before, scope, context)
  const status: BuilderStatus = {
    ...fields,
    observedGeneration: builder.metadata.generation,
    conditions: withTimes(builderConditions(fields, cause), conditions, now()),
  }
  await resources.writeStatus(builder, status, context)
}

/** The fields of the status, or those of before and the cause why they are not new. */
interface Assembled {
  readonly fields: BuilderStatus
  readonly cause?: string
}

async function assemble(builder: AnyBuilder, before: BuilderStatus, scope: ReconcileScope, context: Context): Promise<Assembled> {
  const { resources, accounts, services, options } = scope
  const { metadata } = builder
  const existing = metadata.annotations?.[EXISTING_IMAGE]
  if (existing !== undefined) return await readExisting(existing, builder, before, scope, context)
  const found = partsOf(builder, resources)
  const { stack, store, lifecycle } = found
  const obstacle = builderObstacle(builder, found)
  if (obstacle !== undefined || !stack || !lifecycle) {
    return failed(new CnbError('CNB_NOT_READY', obstacle ?? '', { hint: `Apply it, or correct the ${builder.kind}.` }), builder, before, scope, context)
  }
  try {
    const buildpacks = builder.kind === 'Builder' ? resources.list('Buildpack').filter((each) => each.metadata.namespace === metadata.namespace) : []
    const parts = { stack, store, lifecycle, buildpacks, clusterBuildpacks: resources.list('ClusterBuildpack') }
    const save = options.to === 'engine' ? async (plan: ImagePlan) => saveBuilder(plan, await scope.engine(), context) : undefined
    const registriesOf = accounts.registriesOf.bind(accounts)
    // A wrong password is found before anything is published.
    const keys = options.isPlan || save ? undefined : await scope.signingKeys.of(builderAccount(builder))
    const ofPlatforms = options.kpackCompatible || save ? [parts] as const : await partsOfPlatforms(builder, parts, scope, context)
    const assembled = await assembleBuilder(builder, ofPlatforms, { registriesOf, platform: services.platform, cache: scope.cache, save }, options, context)
    if (assembled.latestImage !== before.latestImage) scope.made.set(resourceId(builder), save ? 'save' : 'publish')
    const signed = keys ? await signBuilder(builder, assembled, keys, scope, context) : { signaturePaths: before.signaturePaths }
    return { fields: { ...assembled, ...signed } }
  } catch (error) {
    return failed(error, builder, before, scope, context)
  }
}

async function readExisting(image: string, builder: AnyBuilder, before: BuilderStatus, scope: ReconcileScope, context: Context): Promise<Assembled> {
  const { accounts, services, cache } = scope
  try {
    const registries = await accounts.registriesOf(builderAccount(builder))
    return { fields: await readExistingBuilder(image, { registries, platform: services.platform, cache }, context) }
  } catch (error) {
    return failed(error, builder, before, scope, context)
  }
}

function failed(error: unknown, builder: AnyBuilder, before: BuilderStatus, scope: ReconcileScope, { signal }: Context): Assembled {
  signal?.throwIfAborted()
  return { fields: before, cause: recordFailure(scope, before.latestImage === undefined ? 'create' : 'update', builder, error).message }
}
