import { CnbError } from '../base/errors.ts'
import type { Image } from '../images/image.ts'

/** Creates the error for an image that cannot be used as a builder or as a builder's build image. */
export function builderError(image: Image, message: string, hint = 'Use another builder, or create this builder again.'): CnbError {
  return new CnbError('CNB_BUILDER_INVALID', `image '${image.reference}': ${message}`, { hint })
}
