/** One step of kpack's image reconciler, without the effects: `pkg/reconciler/image/image.go`. */

import type { Build } from '../resources/kinds/build.ts'
import type { Image, ImageStatus } from '../resources/kinds/image.ts'
import type { SourceResolver } from '../resources/kinds/source-resolver.ts'
import { childName } from './child-name.ts'
import { withTimes, type NewCondition } from './conditions.ts'
import { decideBuild, type Decision, type DecisionOptions } from './decide-build.ts'
import { buildsOf, surplusBuilds } from './history.ts'
import { builderNotFound, buildRunning, noBuildMade } from './image-conditions.ts'
import { IMAGE_GENERATION, newBuild } from './new-build.ts'
import { numberOf, outcomeOf, REASON, type AnyBuilder } from './state.ts'

export interface ImageStep {
  /** Absent if the builder does not exist */
  readonly decision?: Decision
  readonly status: ImageStatus
  /** The Build to create */
  readonly build?: Build
  /** The Builds to delete */
  readonly surplus: readonly Build[]
}

/** The state around an Image. */
export interface ImageState {
  /** The builds of the Image's namespace, or more */
  readonly builds: readonly Build[]
  readonly resolver?: SourceResolver
  readonly builder?: AnyBuilder
}

/**
 * Decides the next step of an Image.
 * @param image with the defaults of its kind
 */
export function reconcileImage(image: Image, { builds, resolver, builder }: ImageState, options: DecisionOptions): ImageStep {
  const history = buildsOf(image, builds)
  const last = history.at(-1)
  const status = (fields: Omit<ImageStatus, 'conditions'>, conditions: NewCondition[]): ImageStatus =>
    compact({ observedGeneration: image.metadata.generation, ...fields, conditions: withTimes(conditions, image.status?.conditions, options.now) })
  const { observedGeneration: _generation, ...kept } = image.status ?? {}
  if (!builder) return { status: status(kept, builderNotFound(image)), surplus: [] }

  const decision = decideBuild(image, last, resolver, builder, options)
  if (decision.kind === 'UNKNOWN' && decision.cause === 'Invalid') return { decision, status: image.status ?? {}, surplus: [] }
  if (last && outcomeOf(last) === 'running') return { decision, status: status(kept, buildRunning(last, builder)), surplus: [] }

  const surplus = surplusBuilds(image, history)
  const buildCacheName = cacheName(image)
  const latestImage = last && outcomeOf(last) === 'succeeded' ? last.status?.latestImage : image.status?.latestImage
  if (decision.kind === 'UNKNOWN' || decision.kind === 'NONE') {
    const conditions = noBuildMade(decision, last, builder, resolver?.metadata.name ?? childName(image.metadata.name, '-source'))
    return { decision, status: status({ ...(last && fieldsOf(last)), buildCacheName, latestImage }, conditions), surplus }
  }
  const build = newBuild(image, decision, last, resolver, builder, options)
  return { decision, status: status({ ...fieldsOf(build), buildCacheName, latestImage }, buildRunning(build, builder)), build, surplus }
}

/** Returns the name of the volume in which a cluster keeps the cache; undefined if the Image has another cache, or none. */
export function cacheName({ metadata: { name }, spec: { cache } }: Image): string | undefined {
  return cache?.volume?.size === undefined ? undefined : childName(name, '-cache')
}

/** The fields of an Image's status that its newest build determines. */
function fieldsOf(build: Build): ImageStatus {
  const generation = build.metadata.labels?.[IMAGE_GENERATION] ?? ''
  return {
    latestBuildRef: build.metadata.name,
    latestBuildReason: build.metadata.annotations?.[REASON],
    latestBuildImageGeneration: /^[+-]?\d+$/.test(generation) ? Number(generation) : undefined,
    latestStack: outcomeOf(build) === 'succeeded' ? build.status?.stack?.id : undefined,
    buildCounter: numberOf(build),
  }
}

/** Removes empty fields, as Go's `omitempty`. */
function compact(status: ImageStatus): ImageStatus {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined && value !== '' && value !== 0))
}
