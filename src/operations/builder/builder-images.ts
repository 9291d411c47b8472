/** Finds the images of a new builder: on the engine, or in their registries. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { findImage, type PullPolicy } from '../../images/find/find-image.ts'
import type { PullServices } from '../../images/find/mirrored-pull.ts'
import type { Image, ImageSource } from '../../images/image.ts'
import { openRegistryImages } from '../../images/remote/registry-source.ts'
import { formatPlatform, type Platform, platformMatches } from '../../oci/platform.ts'
import type { Registries } from '../../registry/registry.ts'

/** Finds an image for a platform. @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, CNB_PULL_FAILED, CNB_REGISTRY_*, … */
export type FindBuilderImage = (name: string, platform: Platform, context: Context) => Promise<Image>

/** Finds images on the engine, after a pull if the policy requires it. @param images reads the engine's images with their layers */
export function findOnEngine(images: ImageSource, policy: PullPolicy, services: PullServices): FindBuilderImage {
  return (name, platform, context) => findImage(name, policy, { ...services, images, platform }, context)
}

/** Finds images in their registries. Reads no layers: a registry can mount them. */
export function findInRegistry(registries: Registries): FindBuilderImage {
  return async (name, platform, context) => {
    const image = await openRegistryImages(registries, platform).find(name, context)
    if (!image) throw new CnbError('CNB_IMAGE_NOT_FOUND', `no registry has an image '${name}'`, { hint: 'Push the image, or correct its name in builder.toml.' })
    if (platformMatches(image.platform, platform)) return image
    throw new CnbError('CNB_PLATFORM_MISMATCH', `image '${name}' is for ${formatPlatform(image.platform)}, but ${formatPlatform(platform)} is needed`, {
      hint: 'Use an index of images for all targets.',
    })
  }
}
