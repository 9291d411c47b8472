/** Images that buildpacks made, told from others. */

import { CnbError } from '../../base/errors.ts'
import { labelOf, type Labelled } from '../../images/labels/read-labels.ts'
import { BUILDER_METADATA_LABEL, LIFECYCLE_METADATA_LABEL } from '../../images/labels/labels.ts'
import { readLifecycleMetadata, type LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'

/** What the label of an app image says of its layers. @throws CnbError CNB_IMAGE_INVALID for an image that no buildpacks made */
export function readAppMetadata(image: Labelled): LifecycleMetadata {
  const metadata = readLifecycleMetadata(image)
  if (metadata) return metadata
  const isBuilder = labelOf(image, BUILDER_METADATA_LABEL) !== ''
  const hint = isBuilder
    ? `It is a builder: use 'cnb builder inspect ${image.reference}'.`
    : 'Only images that were built with buildpacks can tell what they are made of.'
  const message = `image '${image.reference}' is no app image: it has no label ${LIFECYCLE_METADATA_LABEL}`
  throw new CnbError('CNB_IMAGE_INVALID', message, { hint })
}
