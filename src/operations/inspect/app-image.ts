/** Check that an image is an app image, that is, built by buildpacks. */

import { CnbError } from '../../base/errors.ts'
import { labelOf, type Labelled } from '../../images/labels/read-labels.ts'
import { BUILDER_METADATA_LABEL, LIFECYCLE_METADATA_LABEL } from '../../images/labels/label-names.ts'
import { readLifecycleMetadata, type LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'

/** Reads the lifecycle metadata label of an app image. @throws CnbError CNB_IMAGE_INVALID if the image is not an app image */
export function readAppMetadata(image: Labelled): LifecycleMetadata {
  const metadata = readLifecycleMetadata(image)
  if (metadata) return metadata
  const isBuilder = labelOf(image, BUILDER_METADATA_LABEL) !== ''
  const hint = isBuilder
    ? `Use 'cnb builder inspect ${image.reference}': the image is a builder.`
    : 'Use an image that was built with buildpacks.'
  const message = `image '${image.reference}' is not an app image: it has no label ${LIFECYCLE_METADATA_LABEL}`
  throw new CnbError('CNB_IMAGE_INVALID', message, { hint })
}
