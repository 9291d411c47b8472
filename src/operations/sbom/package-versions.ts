/** The packages of an SBOM by name, to compare them. */

import { parsePackageUrl } from '../../sbom/package-url.ts'
import type { Sbom, SbomPackage } from '../../sbom/package.ts'
import type { Versions } from '../diff/changes.ts'

/** Returns the package URL without version and qualifiers, such as `npm/express`, or the name. */
export function comparedName({ purl, group, name }: SbomPackage): string {
  return parsePackageUrl(purl ?? '')?.name ?? (group === undefined ? name : `${group}/${name}`)
}

export function versionsOfPackages({ packages }: Sbom): Versions {
  const versions = new Map<string, Set<string>>()
  for (const found of packages.values()) {
    const name = comparedName(found)
    const known = versions.get(name) ?? new Set()
    versions.set(name, known.add(found.version ?? parsePackageUrl(found.purl ?? '')?.version ?? ''))
  }
  return versions
}
