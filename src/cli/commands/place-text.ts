/** Where an image is and what it weighs there, in words. */

import type { ImagePlace } from '../../operations/inspect/image-facts.ts'
import { formatBytes } from '../../ui/quantity.ts'
import type { Theme } from '../../ui/theme.ts'

type Sized = Pick<ImagePlace, 'size' | 'compressedSize'>

const PLACES: Readonly<Record<ImagePlace['source'], string>> = { engine: 'on the engine', registry: 'in its registry', layout: 'in the layout' }

/** The line above all else: name, weight and place. */
export function titleLine(name: string, place: Sized & Pick<ImagePlace, 'source'>, theme: Theme): string {
  const form = place.compressedSize === undefined ? '' : 'compressed, '
  return `${theme.name(name)}  ${sizeText(place)} ${theme.dim(`${form}${PLACES[place.source]}`)}`
}

/** What the image is called, and of what kind it is; for `fields`. */
export function identityFields({ id, mediaType, index, platform, created }: Omit<ImagePlace, 'image'>): [string, string | undefined][] {
  return [
    ['ID', id],
    ['Media type', mediaType],
    ['Platform', platform],
    ['Also for', index?.platforms.map((other) => other.platform).filter((other) => other !== platform).join(', ')],
    ['Index', index?.digest],
    ['Created', created],
  ]
}

/** What sizes of layers are called in a table's head. */
export function sizeTitle({ compressedSize }: Sized): string {
  return compressedSize === undefined ? 'SIZE' : 'COMPRESSED'
}

/** A weight, where it is known. */
export function sizeText({ size, compressedSize }: Sized): string {
  const bytes = compressedSize ?? size
  return bytes === undefined ? '?' : formatBytes(bytes)
}

/** As much of a digest as tells layers apart. */
export function shortDigest(digest: string | undefined): string {
  return digest?.replace(/^sha256:/, '').slice(0, 12) ?? ''
}
