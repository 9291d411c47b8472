/** Human-readable location, size and identity of an image. */

import type { ImagePlace } from '../../operations/inspect/image-facts.ts'
import { formatBytes } from '../../ui/quantity.ts'
import { formatTable } from '../../ui/table.ts'
import type { Theme } from '../../ui/theme.ts'

type Sized = Pick<ImagePlace, 'size' | 'compressedSize'>

const PLACES = {
  engine: 'on the engine',
  registry: 'in its registry',
  layout: 'in the layout',
  file: 'in a file',
  directory: 'in a directory',
  url: 'from its URL',
  'buildpack registry': 'from the buildpack registry',
} as const

/** Formats the first line: name, size and location. */
export function titleLine(name: string, place: Sized & { readonly source: keyof typeof PLACES }, theme: Theme): string {
  const form = place.compressedSize === undefined ? '' : 'compressed, '
  return `${theme.name(name)}  ${sizeText(place)} ${theme.dim(`${form}${PLACES[place.source]}`)}`
}

/** Returns ID, media type, platforms and creation time of an image, for `fields`. */
export function identityFields({ id, mediaType, index, platform, created }: Partial<Omit<ImagePlace, 'image' | 'source'>>): [string, string | undefined][] {
  return [
    ['ID', id],
    ['Media type', mediaType],
    ['Platform', platform],
    ['Also for', index?.platforms.map((other) => other.platform).filter((other) => other !== platform).join(', ')],
    ['Index', index?.digest],
    ['Created', created],
  ]
}

/** Returns the column title for layer sizes. */
export function sizeTitle({ compressedSize }: Sized): string {
  return compressedSize === undefined ? 'SIZE' : 'COMPRESSED'
}

/** Formats a size, or `?` if it is unknown. */
export function sizeText({ size, compressedSize }: Sized): string {
  const bytes = compressedSize ?? size
  return bytes === undefined ? '?' : formatBytes(bytes)
}

/** Returns the first 12 digits of a digest, enough to distinguish layers. */
export function shortDigest(digest: string | undefined): string {
  return digest?.replace(/^sha256:/, '').slice(0, 12) ?? ''
}

interface ShownLayer extends Sized {
  readonly name: string
  readonly diffId: string
  readonly digest?: string | undefined
}

/** Returns the lines of a table of named layers. @param total the image; the title of the first column is its kind of size */
export function layersTable(total: Sized, layers: readonly ShownLayer[], theme: Theme): string[] {
  return formatTable(
    [{ title: sizeTitle(total), align: 'right' }, { title: 'WHAT' }, { title: 'DIFF ID', spare: true }, { title: 'DIGEST', spare: true }],
    layers.map((layer) => [sizeText(layer), layer.name, shortDigest(layer.diffId), shortDigest(layer.digest)]),
    theme,
  )
}
