/** Reads existing builder images, which Builders of build.pivotal.io/v1alpha1 name. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { readBuilder } from '../../../builder/read-builder.ts'
import { chooseRunImage } from '../../../images/find/run-image.ts'
import { parseReference } from '../../../oci/reference.ts'
import type { BuilderStatus } from '../../../resources/kinds/builder.ts'
import { findResourceImage, latestImage, type ResourceServices } from './resource-images.ts'

/**
 * Returns the status of a builder image that others publish. Its run image is the first of its names that can be read.
 * @throws CnbError CNB_BUILDER_INVALID, CNB_IMAGE_*, CNB_PLATFORM_MISMATCH, CNB_REGISTRY_*
 */
export async function readExistingBuilder(name: string, services: ResourceServices, context: Context): Promise<BuilderStatus> {
  const image = await findResourceImage(name, services, context)
  const { buildpacks, order, stack, lifecycle: { version, buildpackApis, platformApis }, runImages: [declared] } = readBuilder(image)
  const find = (runImage: string) => findResourceImage(runImage, services, context)
  const isPresent = (): Promise<boolean> => Promise.resolve(false)
  const choice = declared && { names: declared, declaredBy: 'the builder', registry: parseReference(name).registry, isPresent, find }
  const chosen = choice && await chooseRunImage(choice, context)
  if (!chosen) throw new CnbError('CNB_BUILDER_INVALID', `builder '${name}' lists no run image`, { hint: 'Use a builder with a run image.' })
  return {
    builderMetadata: buildpacks.map(({ id, version: each, homepage }) => ({ id, version: each, ...(homepage === undefined ? {} : { homepage }) })),
    order: order.map(({ group }) => ({ group: [...group] })),
    stack: { runImage: latestImage(await find(chosen.name)), id: stack.id },
    lifecycle: { version, apis: { buildpack: apisOf(buildpackApis), platform: apisOf(platformApis) } },
    latestImage: latestImage(image),
    os: image.platform.os,
  }
}

function apisOf({ deprecated, supported }: { readonly deprecated: readonly string[]; readonly supported: readonly string[] }): { deprecated: string[]; supported: string[] } {
  return { deprecated: [...deprecated], supported: [...supported] }
}
