import { CnbError } from '../base/errors.ts'
import type { Image } from '../images/image.ts'

/** The error for an image that cannot be a builder, or the base of one. */
export function builderError(image: Image, message: string, hint = 'Choose another builder, or make this one again.'): CnbError {
  return new CnbError('CNB_BUILDER_INVALID', `image '${image.reference}': ${message}`, { hint })
}
