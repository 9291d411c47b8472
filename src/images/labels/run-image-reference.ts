/** How an app's label refers to the run image below it: `runImage.reference` (platform.md "io.buildpacks.lifecycle.metadata (JSON)"). */

import { hexOf, isDigest } from '../../oci/digest.ts'
import { contextName, parseReference } from '../../oci/reference.ts'
import type { Image } from '../image.ts'

/**
 * On an engine the image ID without its algorithm. That means nothing elsewhere: an image that leaves the engine names
 * `repository@digest`, as the lifecycle does without `-daemon`. Empty where no registry gave the engine a digest.
 * @param name what the run image was found by
 */
export function runImageReference(name: string, { id, repoDigests }: Pick<Image, 'id' | 'repoDigests'>, isPublished: boolean): string {
  if (!isDigest(id)) return id
  if (!isPublished) return hexOf(id)
  const own = parseReference(name)
  const known = repoDigests.map(parseReference)
  // What was pulled by way of a mirror is known by the mirror's name, and the same path below it.
  const found = known.find((each) => contextName(each) === contextName(own)) ?? known.find(({ repository }) => repository === own.repository)
  if (found) return `${contextName(own)}@${found.digest}`
  const [other] = known
  return other ? `${contextName(other)}@${other.digest}` : ''
}
