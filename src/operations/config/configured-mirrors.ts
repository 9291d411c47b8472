/** Run image mirrors of the user's config.toml: tried first, recorded under the mirrored name. */

import type { RunImageNames } from '../../images/labels/lifecycle-metadata.ts'
import { isSameName } from '../../images/find/run-image-name.ts'
import { formatReference, parseReference } from '../../oci/reference.ts'
import type { Config } from './config.ts'

type Mirrors = Pick<Config, 'runImages'>

/**
 * Adds the user's mirrors of a run image to its names, as preferred names. For a run image with a digest, only mirrors that the
 * configuration lists for this digest apply: a mirror's tag may be a different image.
 */
export function withConfiguredMirrors<Names extends RunImageNames>(names: Names, { runImages }: Mirrors): Names & { readonly preferred: readonly string[] } {
  const preferred = runImages.filter(({ image }) => fullName(image) === fullName(names.image)).flatMap(({ mirrors }) => mirrors)
  return { ...names, preferred }
}

/**
 * Returns the name to record for a chosen run image. For a mirror from the configuration file, this is the mirrored image's name with the
 * chosen digest, because other machines do not have the mirror.
 * @param known the app's or builder's names of run images
 */
export function declaredName(chosen: string, known: readonly string[], { runImages }: Mirrors): string {
  if (known.some((name) => isSameName(name, chosen))) return chosen
  const mirrored = runImages.filter(({ mirrors }) => mirrors.some((mirror) => isSameName(mirror, chosen))).map(({ image }) => image)
  const name = known.find((each) => mirrored.some((image) => isSameName(image, each))) ?? mirrored[0]
  const [, digest] = chosen.split('@')
  return name === undefined ? chosen : digest === undefined ? name : `${name.split('@')[0]}@${digest}`
}

/** Returns the full form of an image name. A name from a label may be an invalid reference and is then returned unchanged. */
export function fullName(name: string): string {
  try {
    return formatReference(parseReference(name))
  } catch {
    return name
  }
}
