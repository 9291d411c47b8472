/** The places of a package as properties of CycloneDX. */

import type { SbomPlace } from './package.ts'

/** The name of the property in which cnb writes the places of a package. */
export const PLACE_PROPERTY = 'dev.cnb:place'

/** Formats a place: `BUILDPACK LAYER FILE`, with `-` for an unknown part. */
export function formatPlace({ buildpack, layer, file }: SbomPlace): string {
  return [buildpack, layer, file].map((part) => (part === undefined ? '-' : encodeURI(part))).join(' ')
}

export function placesOf(properties: readonly (readonly [name: string, value: string])[]): SbomPlace[] {
  return properties.flatMap(([name, value]) => {
    if (name !== PLACE_PROPERTY) return []
    const [buildpack, layer, file] = value.split(' ').map((part) => (part === '-' ? undefined : decoded(part)))
    return [{ buildpack, layer, file }]
  })
}

function decoded(text: string): string {
  try {
    return decodeURI(text)
  } catch {
    return text
  }
}
