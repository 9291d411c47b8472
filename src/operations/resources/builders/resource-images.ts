/** Images that resources name, in their registries: manifests and configurations, no layers. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { isImageEntry } from '../../../images/index/choose-image.ts'
import type { LayerBlob } from '../../../images/image.ts'
import { cachedContent } from '../../../images/remote/cached-content.ts'
import { openRegistryImages, repositoryName } from '../../../images/remote/registry-source.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import { readIndex, readManifest } from '../../../oci/manifest.ts'
import { contextName, parseReference, type Reference } from '../../../oci/reference.ts'
import type { Platform } from '../../../oci/platform.ts'
import type { ContentCache } from '../../../registry/download/content-cache.ts'
import type { Registries } from '../../../registry/registry.ts'

export interface ResourceServices {
  /** With the credentials of the resource's service account. */
  readonly registries: Registries
  /** Selects the image of an index. */
  readonly platform: Platform
  /** Keeps manifests and configurations: then an unchanged image takes one request, which reads nothing. */
  readonly cache?: ContentCache
  /** Receives the images that are found, by their names in resources. */
  readonly seen?: Map<string, SeenImage>
  /** Whether names mean the images that were seen before: a tag may have moved since. */
  readonly isPinned?: boolean
}

/** An image, or the index in which it was found. */
export interface SeenImage {
  /** By digest. */
  readonly name: string
  readonly platforms: readonly Platform[]
}

/** Finds an image; a copy in the cache does not replace a registry that cannot be reached: a resource that is ready is up to date. @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_IMAGE_INVALID, CNB_PLATFORM_MISMATCH, CNB_REFERENCE_INVALID, CNB_REGISTRY_* */
export async function findResourceImage(name: string, { registries, platform, cache, seen, isPinned }: ResourceServices, context: Context): Promise<StoredImage> {
  const images = openRegistryImages(registries, platform, cache && ((content) => cachedContent(content, cache, 'always', true)))
  const image = await images.find((isPinned && seen?.get(name)?.name) || name, context)
  if (image && !isPinned) seen?.set(name, seenImage(image))
  if (image) return image
  throw new CnbError('CNB_IMAGE_NOT_FOUND', `no registry has an image '${name}'`, { hint: 'Push the image, or correct its name in the resource.' })
}

function seenImage(image: StoredImage): SeenImage {
  const { index, platform, reference } = image
  if (!index) return { name: latestImage(image), platforms: [platform] }
  const name = `${contextName(parseReference(reference))}@${index.descriptor.digest}`
  return { name, platforms: readIndex(index.content, name).filter(isImageEntry).flatMap((entry) => entry.platform ?? []) }
}

/** Returns the name of an image by its digest, as kpack writes it. */
export function latestImage({ reference, manifest }: StoredImage): string {
  return `${contextName(parseReference(reference))}@${manifest.descriptor.digest}`
}

/** Returns a blob of a repository. */
export function repositoryBlob(registries: Registries, reference: Reference, descriptor: LayerBlob['descriptor']): LayerBlob {
  return {
    descriptor,
    repository: repositoryName(reference),
    open: (signal) => registries.repository(reference, 'pull').blob(descriptor, signal ? { signal } : {}),
  }
}

/** Returns the blob of an image's configuration. */
export function configBlob(registries: Registries, { reference, manifest }: StoredImage): LayerBlob {
  return repositoryBlob(registries, parseReference(reference), readManifest(manifest.content, reference).config)
}
