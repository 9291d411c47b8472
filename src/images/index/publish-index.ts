/** Publishes indexes to registries. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { encodeIndex } from '../../oci/image-index.ts'
import { OCI_INDEX } from '../../oci/media-types.ts'
import { familiarName } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import type { SavedImage } from '../image.ts'
import { publish } from '../remote/publish.ts'
import { publishedImage, repositoriesOf } from '../remote/registry-sink.ts'
import type { IndexPlan } from './image-index.ts'

/**
 * Publishes an index under all its names, as `publish` does. First checks that the repositories of all names have its images: some
 * registries accept an index that lists missing manifests.
 * @throws CnbError CNB_IMAGE_INVALID for a missing image, CNB_REGISTRY_*
 */
export async function publishIndex(registries: Registries, plan: IndexPlan, context: Context = {}): Promise<SavedImage> {
  const { images, tags, annotations, mediaType = OCI_INDEX } = plan
  await Promise.all(repositoriesOf(tags).flatMap(({ reference, name }) => images.map(async ({ digest }) => {
    if (await registries.repository(reference, 'push').resolve(digest, context)) return
    throw new CnbError('CNB_IMAGE_INVALID', `cannot publish the index '${familiarName(reference)}': the repository ${name} lacks its image ${digest}`, {
      hint: 'Push the image to the same repository first.',
    })
  })))
  const document = { mediaType, content: encodeIndex({ mediaType, manifests: images, annotations }) }
  return publishedImage(tags, await publish(registries, { tags, send: async () => document }, context))
}
