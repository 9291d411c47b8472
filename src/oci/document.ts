/** JSON documents of images: manifests, indexes, configurations. */

import { CnbError } from '../base/errors.ts'
import { recordOf } from '../formats/lenient-values.ts'

/** @param what name of the document in errors: `the manifest of x` @throws CnbError CNB_IMAGE_INVALID if it is not JSON */
export function readDocument(content: Buffer, what: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(content.toString()))
  } catch (error) {
    throw malformed(what, (error as Error).message, error)
  }
}

export function malformed(what: string, why: string, cause?: unknown): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `cannot read ${what}: ${why}`, cause === undefined ? {} : { cause })
}
