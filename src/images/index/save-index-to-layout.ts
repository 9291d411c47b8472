/** Saves indexes to OCI layouts (OCI image-spec, image-layout.md). */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { encodeIndex } from '../../oci/image-index.ts'
import { OCI_INDEX } from '../../oci/media-types.ts'
import type { SavedImage } from '../image.ts'
import { bytesBlob } from '../layers/bytes-blob.ts'
import { blobSize } from '../oci-layout/layout-files.ts'
import { withImage } from '../oci-layout/layout-index.ts'
import { formatLayoutLocation, type LayoutLocation } from '../oci-layout/layout-location.ts'
import { namesInLayout, savedInLayout } from '../oci-layout/layout-sink.ts'
import { changeIndex, prepareLayout, writeBlob } from '../oci-layout/layout-writer.ts'
import type { IndexPlan } from './image-index.ts'

/**
 * Saves an index of images in the layout, under the location's name or else the tags of the plan's names. index.json is changed last.
 * @throws CnbError CNB_IMAGE_INVALID if the layout lacks an image, CNB_REFERENCE_INVALID for a name with a digest, CNB_OUTPUT
 */
export async function saveIndexToLayout(location: LayoutLocation, plan: IndexPlan, context: Context = {}): Promise<SavedImage> {
  const { directory } = location
  const { images, tags, annotations, mediaType = OCI_INDEX } = plan
  const names = namesInLayout(location, tags)
  await prepareLayout(directory, context)
  const layout = formatLayoutLocation({ directory })
  for (const { digest, size } of images) {
    if ((await blobSize(directory, digest)) === size) continue
    throw new CnbError('CNB_IMAGE_INVALID', `cannot save an index in ${layout}: the layout lacks its image ${digest}`)
  }
  const index = bytesBlob({ mediaType, content: encodeIndex({ mediaType, manifests: images, annotations }) })
  await writeBlob(directory, index, context)
  await changeIndex(directory, (listed) => withImage(listed, index.descriptor, names, layout), context)
  return savedInLayout(directory, index.descriptor, names)
}
