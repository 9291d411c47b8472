/** The builds of an Image in their order, and those above its limits: `build_list.go` of kpack. */

import type { Build } from '../resources/kinds/build.ts'
import type { Image } from '../resources/kinds/image.ts'
import { IMAGE, numberOf, outcomeOf } from './state.ts'

const DEFAULT_LIMIT = 10

/**
 * Returns the builds of an Image, the oldest first: by time of creation, then by number. kpack has no order for builds of one second.
 * @param builds all builds of the Image's namespace, or more
 */
export function buildsOf(image: Image, builds: readonly Build[]): Build[] {
  return builds
    .filter(({ metadata }) => metadata.labels?.[IMAGE] === image.metadata.name && metadata.namespace === image.metadata.namespace)
    .sort((a, b) => createdAt(a) - createdAt(b) || (numberOf(a) ?? 0) - (numberOf(b) ?? 0))
}

/**
 * Returns the builds to delete, the oldest first in each outcome. kpack deletes one of each at a time.
 * @param builds of the Image, the oldest first
 */
export function surplusBuilds(image: Image, builds: readonly Build[]): Build[] {
  const { failedBuildHistoryLimit: failed = DEFAULT_LIMIT, successBuildHistoryLimit: succeeded = DEFAULT_LIMIT } = image.spec
  return [...surplus(builds, 'failed', failed), ...surplus(builds, 'succeeded', succeeded)]
}

function surplus(builds: readonly Build[], outcome: 'failed' | 'succeeded', limit: number): Build[] {
  const finished = builds.filter((build) => outcomeOf(build) === outcome)
  return finished.slice(0, Math.max(0, finished.length - limit))
}

/** A build without a time is the newest, as for kpack. */
function createdAt({ metadata }: Build): number {
  return metadata.creationTimestamp === undefined ? Number.MAX_VALUE : Date.parse(metadata.creationTimestamp)
}
