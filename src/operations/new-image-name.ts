/** Names that commands give to images. */

import { CnbError } from '../base/errors.ts'
import { isLayoutLocation } from '../images/oci-layout/layout-location.ts'
import { isImageId } from '../images/find/pull.ts'
import { parseReference, type Reference } from '../oci/reference.ts'

/**
 * Reads the name that a new image gets.
 * @param hint what to do about a name that only an existing image can have
 * @throws CnbError CNB_REFERENCE_INVALID for one with a digest, an image ID, an OCI layout, and what is no reference
 */
export function parseNewName(text: string, hint = "Use a name with a tag, such as 'my-app:1.0'."): Reference {
  const fail = (why: string, how = hint): never => {
    throw new CnbError('CNB_REFERENCE_INVALID', `cannot give the name '${text}' to a new image: ${why}`, { hint: how })
  }
  if (isImageId(text)) fail('it is an image ID')
  if (isLayoutLocation(text)) fail('it names an OCI layout', 'Name the image by a reference; cnb build saves it in a layout with --to oci:DIR.')
  const reference = parseReference(text)
  return reference.digest === undefined ? reference : fail('it has a digest')
}
