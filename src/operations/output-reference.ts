/** The image reference in results: the line that --quiet prints, and `reference` in JSON. */

import type { SavedImage } from '../images/image.ts'
import type { Digest } from '../oci/digest.ts'
import { familiarName, parseReference, type Reference } from '../oci/reference.ts'

/**
 * Returns a reference by which docker, podman and cnb find exactly this image: `name@digest` if it has a manifest (in a registry and in a
 * containerd store), otherwise the image ID (on a graph-driver engine). The repo digests of a graph-driver engine are not used: Docker has
 * one only after a push, and podman's depends on which layers were in the archive that the image was loaded from.
 */
export function outputReference(name: Reference, { id, repoDigests, manifest }: Pick<SavedImage, 'id' | 'repoDigests'> & { readonly manifest?: { readonly digest: Digest } }): string {
  const own = repoDigests
    .map(parseReference)
    .filter(({ registry, repository }) => registry === name.registry && repository === name.repository)
    .find(({ digest }) => digest !== undefined && (digest === manifest?.digest || id.endsWith(digest)))
  return own ? familiarName(own) : id
}
