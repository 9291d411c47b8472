/** `cnb sbom diff`: the packages that differ between two SBOMs, and the licences of those in both. */

import type { Context } from '../../base/events.ts'
import { compareMaps, compareVersions, sameJson, type Change } from '../diff/changes.ts'
import type { ImageServices } from '../inspect/locate-image.ts'
import { openSbom, type OpenedSbom, type OpenSbomOptions } from './open-sbom.ts'
import { comparedName, versionsOfPackages } from './package-versions.ts'
import { licenseTexts } from './show-sbom.ts'

export interface DiffSbomOptions extends OpenSbomOptions {
  from: string
  to: string
}

/** The JSON output of `cnb sbom diff`. */
export interface SbomDiff {
  from: OpenedSbom['source']
  to: OpenedSbom['source']
  /** `from` and `to` are versions. */
  packages: Change<string>[]
  /** Of packages that both have. */
  licenses: Change<string[]>[]
}

/** @throws CnbError those of openSbom */
export async function diffSboms({ from: older, to: newer, ...options }: DiffSbomOptions, places: ImageServices & { readonly input: AsyncIterable<Buffer> }, context: Context): Promise<SbomDiff> {
  const [from, to] = await Promise.all([openSbom(older, options, places, context), openSbom(newer, options, places, context)])
  return {
    from: from.source,
    to: to.source,
    packages: compareVersions(versionsOfPackages(from.sbom), versionsOfPackages(to.sbom)),
    licenses: compareMaps(licensesByName(from), licensesByName(to), sameJson).filter(({ change }) => change === 'changed'),
  }
}

function licensesByName({ sbom }: OpenedSbom): Map<string, string[]> {
  const licenses = new Map<string, Set<string>>()
  for (const found of sbom.packages.values()) {
    const name = comparedName(found)
    licenses.set(name, new Set([...(licenses.get(name) ?? []), ...licenseTexts(found)]))
  }
  return new Map([...licenses].map(([name, texts]) => [name, [...texts].sort()]))
}
