/** Reads the status of a Build from its image (kpack's pkg/cnb/build_metadata.go). */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { readBuildMetadata } from '../../../images/labels/build-metadata.ts'
import { readLifecycleMetadata } from '../../../images/labels/lifecycle-metadata.ts'
import { contextName, parseReference } from '../../../oci/reference.ts'
import type { BuildStatus } from '../../../resources/kinds/build.ts'
import { findResourceImage, latestImage, type ResourceServices } from '../builders/resource-images.ts'

const STACK_ID = 'io.buildpacks.stack.id'

/**
 * Reads the image of a build in its registry.
 * @param cacheTag the cache image, if the build has one
 * @throws CnbError CNB_IMAGE_INVALID, CNB_IMAGE_NOT_FOUND, CNB_REGISTRY_*
 */
export async function readBuiltImage(reference: string, cacheTag: string | undefined, services: ResourceServices, context: Context): Promise<BuildStatus> {
  const image = await findResourceImage(reference, services, context)
  const [built, layers] = [readBuildMetadata(image), readLifecycleMetadata(image)]
  const name = layers?.runImage?.image
  const { digest } = layers && layers.reference !== '' ? parseReference(layers.reference) : {}
  if (!built || name === undefined || digest === undefined) throw new CnbError('CNB_IMAGE_INVALID', `cannot read what built '${reference}': its labels do not say it`)
  const cache = cacheTag === undefined ? undefined : await findResourceImage(cacheTag, services, context).catch(() => undefined)
  return {
    latestImage: latestImage(image),
    ...(cache ? { latestCacheImage: latestImage(cache) } : {}),
    buildMetadata: built.buildpacks.map(({ id, version, homepage }) => ({ id, version, ...(homepage === undefined ? {} : { homepage }) })),
    stack: { runImage: `${contextName(parseReference(name))}@${digest}`, id: image.labels[STACK_ID] ?? '' },
    lifecycleVersion: built.launcherVersion,
  }
}
