/** Conditions of an Image, with kpack's texts: `pkg/reconciler/image/reconcile_build.go`. */

import type { Build } from '../resources/kinds/build.ts'
import type { Image } from '../resources/kinds/image.ts'
import { buildMessage, type NewCondition } from './conditions.ts'
import type { NoBuild, Undecided } from './decide-build.ts'
import { conditionOf, isTrue, outcomeOf, type AnyBuilder } from './state.ts'

/** The Image names a builder that does not exist. */
export function builderNotFound({ spec: { builder } }: Image): NewCondition[] {
  const message = `Error: Unable to find builder '${builder.name ?? ''}' in namespace '${builder.namespace ?? ''}'.`
  return [{ type: 'Ready', status: 'False', reason: 'BuilderNotFound', message }]
}

/** A build of the Image runs, or was made just now. */
export function buildRunning(build: Build, builder: AnyBuilder): NewCondition[] {
  const message = buildMessage(build) ?? `Build '${build.metadata.name}' is executing`
  return [{ type: 'Ready', status: 'Unknown', reason: 'BuildRunning', ...(message && { message }) }, ...builderStates(builder)]
}

/**
 * No build is made: the last build's result counts, unless the decision is unknown.
 * @param resolverName the name of the Image's SourceResolver
 */
export function noBuildMade({ kind }: Undecided | NoBuild, last: Build | undefined, builder: AnyBuilder, resolverName: string): NewCondition[] {
  return [{ type: 'Ready', ...readiness(kind === 'UNKNOWN', last, builder, resolverName) }, ...builderStates(builder)]
}

function readiness(unknown: boolean, last: Build | undefined, builder: AnyBuilder, resolverName: string): Omit<NewCondition, 'type'> {
  if (!isTrue(builder, 'Ready')) return notReady(builder)
  if (unknown) return { status: 'Unknown', reason: 'ResolverNotReady', message: `Error: SourceResolver '${resolverName}' is not ready` }
  // Without a build there is always a reason for the first.
  if (!last) return { status: 'Unknown', reason: 'UnknownState', message: 'Error: Build status unknown' }
  const message = buildMessage(last) ?? ''
  if (outcomeOf(last) === 'succeeded') return { status: 'True', reason: 'UpToDate', ...(message && { message }) }
  const { name, namespace = '' } = last.metadata
  return { status: 'False', reason: 'BuildFailed', message: `Error: Build '${name}' in namespace '${namespace}' failed: ${message}` }
}

function builderStates(builder: AnyBuilder): NewCondition[] {
  return [
    { type: 'BuilderReady', ...(isTrue(builder, 'Ready') ? { status: 'True', reason: 'BuilderReady' } : notReady(builder)) },
    {
      type: 'BuilderUpToDate',
      ...(isTrue(builder, 'UpToDate')
        ? { status: 'True', reason: 'BuilderUpToDate' }
        : { status: 'False', reason: 'BuilderNotUpToDate', message: 'Builder is not up to date. The latest stack and buildpacks may not be in use.' }),
    },
  ]
}

function notReady(builder: AnyBuilder): Omit<NewCondition, 'type'> {
  const { name, namespace = '' } = builder.metadata
  const cause = conditionOf(builder, 'Ready')?.message
  return { status: 'False', reason: 'BuilderNotReady', message: `Error: Builder '${name}' is not ready in namespace '${namespace}'${cause ? `; Message: ${cause}` : ''}` }
}
