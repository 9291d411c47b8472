/** The user's own mirrors of run images: the first to be tried, and known as the image that they mirror. */

import type { RunImageNames } from '../../images/labels/lifecycle-metadata.ts'
import { isSameName } from '../../images/find/run-image-name.ts'
import { formatReference, parseReference } from '../../oci/reference.ts'
import type { Config } from './config.ts'

type Mirrors = Pick<Config, 'runImages'>

/**
 * The names of a run image, with the mirrors that the user has for it as those that are preferred. An image that is named by its
 * digest has those only that the configuration names for that digest: a mirror's tag may be another image.
 */
export function withConfiguredMirrors<Names extends RunImageNames>(names: Names, { runImages }: Mirrors): Names & { readonly preferred: readonly string[] } {
  const preferred = runImages.filter(({ image }) => fullName(image) === fullName(names.image)).flatMap(({ mirrors }) => mirrors)
  return { ...names, preferred }
}

/**
 * The name to record for a chosen run image: of a mirror from the configuration file, the name of the image that it mirrors with the
 * chosen digest, because other machines do not have this mirror.
 * @param known the names that the app or builder has for run images
 */
export function declaredName(chosen: string, known: readonly string[], { runImages }: Mirrors): string {
  if (known.some((name) => isSameName(name, chosen))) return chosen
  const mirrored = runImages.filter(({ mirrors }) => mirrors.some((mirror) => isSameName(mirror, chosen))).map(({ image }) => image)
  const name = known.find((each) => mirrored.some((image) => isSameName(image, each))) ?? mirrored[0]
  const [, digest] = chosen.split('@')
  return name === undefined ? chosen : digest === undefined ? name : `${name.split('@')[0]}@${digest}`
}

/** What labels name need not be a reference. */
export function fullName(name: string): string {
  try {
    return formatReference(parseReference(name))
  } catch {
    return name
  }
}
