/** `runImage.reference` in an app's label (platform.md "io.buildpacks.lifecycle.metadata (JSON)"). */

import { hexOf, isDigest } from '../../oci/digest.ts'
import { contextName, parseReference } from '../../oci/reference.ts'
import type { Image } from '../image.ts'

/**
 * Returns the image ID without its algorithm for an app image on an engine. The ID has no meaning elsewhere: for an image in a
 * registry or an OCI layout, returns `repository@digest`, as the lifecycle does without `-daemon`, or an empty text if the engine has no
 * registry digest.
 * @param name the name by which the run image was found
 * @param leavesEngine whether the app image is saved to a registry or a layout
 */
export function runImageReference(name: string, { id, repoDigests }: Pick<Image, 'id' | 'repoDigests'>, leavesEngine: boolean): string {
  if (!isDigest(id)) return id
  if (!leavesEngine) return hexOf(id)
  const own = parseReference(name)
  const known = repoDigests.map(parseReference)
  // The digest of an image that was pulled through a mirror has the mirror's host, and the same path.
  const found = known.find((each) => contextName(each) === contextName(own)) ?? known.find(({ repository }) => repository === own.repository)
  if (found) return `${contextName(own)}@${found.digest}`
  const [other] = known
  return other ? `${contextName(other)}@${other.digest}` : ''
}
