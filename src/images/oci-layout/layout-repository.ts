/** OCI layouts below one directory, at the paths of their images' names. */

import { join } from 'node:path'
import type { Context } from '../../base/events.ts'
import { hexOf } from '../../oci/digest.ts'
import type { Platform } from '../../oci/platform.ts'
import { contextName, parseReference, type Reference } from '../../oci/reference.ts'
import type { ImageSource } from '../image.ts'
import type { NameStored } from '../stored-image.ts'
import { findInLayout } from './layout-source.ts'

/**
 * Returns the layout of an image, as the lifecycle's image/layout_handler.go: `DIR/<registry>/<repository>/<tag>`, or `…/sha256/<hex>` for
 * a name with a digest.
 */
export function layoutOf(directory: string, image: Reference): string {
  return join(directory, contextName(image), ...(image.digest === undefined ? [image.tag ?? 'latest'] : ['sha256', hexOf(image.digest)]))
}

/** Returns the images of the directory, which are found by their names. @param platform selects the image of an index */
export function openLayoutRepository(directory: string, platform: Platform): ImageSource {
  return {
    async find(reference: string, context?: Context) {
      const image = parseReference(reference)
      const layout = { directory: layoutOf(directory, image) }
      // The path of a layout would be in the label of the app image, which must not depend on it.
      const nameStored: NameStored = (found) => ({ reference, id: `${contextName(image)}@${found}`, repoDigests: [] })
      // Other tools may write the image without its name.
      const named = image.digest === undefined ? await findInLayout({ ...layout, name: image.tag }, nameStored, platform, context) : undefined
      return named ?? findInLayout(layout, nameStored, platform, context)
    },
  }
}
