/** Compares names of run images as the lifecycle does (lifecycle 0.21.0, internal/name/ref.go). */

import { CnbError } from '../../base/errors.ts'
import { formatReference, parseReference } from '../../oci/reference.ts'

/** Whether two names have the same registry, repository and tag (default `latest`). Digests are ignored, as by `ParseMaybe`. */
export function isSameName(one: string, other: string): boolean {
  return withoutDigest(one) === withoutDigest(other)
}

/** Returns the full name with its tag. Text that is not a reference, such as an image ID, is returned unchanged. */
function withoutDigest(name: string): string {
  const [tagged = ''] = name.includes('@sha256:') ? name.split('@') : [name]
  try {
    return formatReference(parseReference(tagged))
  } catch (error) {
    if (error instanceof CnbError) return name
    throw error
  }
}
