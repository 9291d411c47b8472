/** The user's own mirrors of run images: the first to be tried, and known as the image that they mirror. */

import type { RunImageNames } from '../images/lifecycle-metadata.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import type { Config } from './config-file.ts'

type Mirrors = Pick<Config, 'runImages'>

/** The names of a run image, with the mirrors that the user has for it as those that are preferred. */
export function withConfiguredMirrors<Names extends RunImageNames>(names: Names, config: Mirrors): Names & { readonly preferred: readonly string[] } {
  return { ...names, preferred: mirrorsOf(names.image, config) }
}

/** What a chosen run image is called elsewhere, where nobody has this user's mirrors: the name of the image that it mirrors. */
export function declaredName(chosen: string, names: RunImageNames | undefined, config: Mirrors): string {
  return names && isMirrorOf(chosen, names.image, config) ? names.image : chosen
}

/** Whether `name` is one of the user's mirrors of `image`. */
export function isMirrorOf(name: string, image: string, config: Mirrors): boolean {
  return mirrorsOf(image, config).some((mirror) => isSame(mirror, name))
}

function mirrorsOf(image: string, { runImages }: Mirrors): string[] {
  return runImages.filter((configured) => isSame(configured.image, image)).flatMap(({ mirrors }) => mirrors)
}

/** What labels name need not be a reference. */
function isSame(one: string, other: string): boolean {
  try {
    return formatReference(parseReference(one)) === formatReference(parseReference(other))
  } catch {
    return one === other
  }
}
