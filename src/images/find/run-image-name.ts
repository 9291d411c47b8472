/** Names of run images, compared as the lifecycle compares them (lifecycle 0.21.0 internal/name/ref.go `ParseMaybe`). */

import { CnbError } from '../../base/errors.ts'
import { formatReference, parseReference } from '../../oci/reference.ts'

/** Whether two names are of one run image: registry, repository and tag are the same. A digest does not count, no tag means `latest`. */
export function isSameName(one: string, other: string): boolean {
  return withoutDigest(one) === withoutDigest(other)
}

/** The full name with its tag. What is not a reference, such as an image ID, stays as it is. */
function withoutDigest(name: string): string {
  const [tagged = ''] = name.includes('@sha256:') ? name.split('@') : [name]
  try {
    return formatReference(parseReference(tagged))
  } catch (error) {
    if (error instanceof CnbError) return name
    throw error
  }
}
