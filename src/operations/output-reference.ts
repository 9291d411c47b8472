/** The one line that `--quiet` prints. */

import { familiarName, parseReference, type Reference } from '../oci/reference.ts'

/**
 * `name@digest`: the manifest's digest where the engine knows one for this repository (a containerd store always does), else the
 * image ID, which is what a graph-driver engine has in its place.
 */
export function outputReference(name: Reference, image: { id: string; repoDigests: readonly string[] }): string {
  // A layout's image has no repository.
  if (image.id.startsWith('oci:')) return image.id
  const repository = familiarName({ registry: name.registry, repository: name.repository })
  const own = image.repoDigests.find((text) => {
    const { registry, repository: path } = parseReference(text)
    return registry === name.registry && path === name.repository
  })
  return own === undefined ? `${repository}@${image.id}` : `${repository}@${own.slice(own.indexOf('@') + 1)}`
}
