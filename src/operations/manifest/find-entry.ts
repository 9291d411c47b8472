/** Finds the images of a manifest list, in registries and OCI layouts. */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { indexEntry } from '../../images/index/image-index.ts'
import { formatLayoutLocation, isLayoutLocation, parseLayoutLocation } from '../../images/oci-layout/layout-location.ts'
import { openLayoutImages } from '../../images/oci-layout/layout-source.ts'
import { openRegistryImages, repositoryName } from '../../images/remote/registry-source.ts'
import type { StoredImage } from '../../images/stored-image.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { parseReference } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import type { RegistryServices } from '../services.ts'

/** An image for a list. */
export interface FoundEntry {
  readonly entry: Descriptor
  /** Its repository, or `oci:DIR`. */
  readonly source: string
}

/**
 * Finds an image: in its registry, or for `oci:DIR[:NAME|@DIGEST]` in the layout. From an index, it is the image for this machine's
 * platform, as in pack.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, CNB_REGISTRY_*, …
 */
export async function findEntry(name: string, registries: Registries, { host, platform }: RegistryServices, context: Context): Promise<FoundEntry> {
  if (isLayoutLocation(name)) {
    const location = parseLayoutLocation(name)
    const directory = resolve(host.cwd, location.directory)
    const image = await openLayoutImages(platform).find(formatLayoutLocation({ ...location, directory }), context)
    return { entry: entryOf(image, name), source: formatLayoutLocation({ directory }) }
  }
  const image = await openRegistryImages(registries, platform).find(name, context)
  return { entry: entryOf(image, name), source: repositoryName(parseReference(name)) }
}

function entryOf(image: StoredImage | undefined, name: string): Descriptor {
  if (!image) throw new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find image '${name}'`, { hint: 'Push the image first, or correct its name.' })
  const { descriptor } = image.manifest
  return { ...indexEntry({ manifest: descriptor }, image.config), mediaType: descriptor.mediaType }
}
