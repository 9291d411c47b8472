/** JSON documents of images: manifests, indexes, configurations. */

import { CnbError } from '../base/errors.ts'
import { recordOf } from '../formats/lenient-values.ts'

/** @param what the document's name in an error: `the manifest of x` @throws CnbError CNB_IMAGE_INVALID for what is no JSON */
export function readDocument(content: Buffer, what: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(content.toString()))
  } catch (error) {
    throw malformed(what, (error as Error).message, error)
  }
}

export function malformed(what: string, why: string, cause?: unknown): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `${what} cannot be read: ${why}`, cause === undefined ? {} : { cause })
}
