/** The one line that `--quiet` prints, and `reference` in JSON. */

import type { SavedImage } from '../images/image.ts'
import { familiarName, parseReference, type Reference } from '../oci/reference.ts'

/**
 * By what docker, podman and cnb find this very image: `name@digest` where it has a manifest, in a registry and on a containerd
 * store, and the image ID on a graph-driver engine. The digests that such an engine tells do not count: Docker has one once the
 * image was pushed, and podman's depends on which layers the archive held that the image was loaded from.
 */
export function outputReference(name: Reference, { id, repoDigests, manifest }: Pick<SavedImage, 'id' | 'repoDigests' | 'manifest'>): string {
  const own = repoDigests
    .map(parseReference)
    .filter(({ registry, repository }) => registry === name.registry && repository === name.repository)
    .find(({ digest }) => digest !== undefined && (digest === manifest?.digest || id.endsWith(digest)))
  return own ? familiarName(own) : id
}
