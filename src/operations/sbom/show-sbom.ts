/** `cnb sbom show`: the packages of an image or file, with their licences, and those that break a rule. */

import type { Context } from '../../base/events.ts'
import type { SbomPackage, SbomPlace } from '../../sbom/package.ts'
import { parseRules } from '../../sbom/rules.ts'
import type { ImageServices } from '../inspect/locate-image.ts'
import { comparedName } from './package-versions.ts'
import { openSbom, type OpenedSbom, type OpenSbomOptions } from './open-sbom.ts'

export interface ShowSbomOptions extends OpenSbomOptions {
  image: string
  /** Rules: `license=GLOB`, `package=NAME[@RANGE]`. */
  failOn?: string[]
}

/** A package in JSON output. */
export interface ShownPackage {
  /** As `npm/express`, or the name that the SBOM states. */
  name: string
  version?: string
  purl?: string
  licenses: string[]
  supplier?: string
  /** The buildpacks and layers with the package. */
  places: SbomPlace[]
}

export interface RuleHit {
  rule: string
  package: string
  version?: string
  /** The licence or the version that breaks the rule. */
  reason: string
}

/** The JSON output of `cnb sbom show`. */
export type ShownSbom = OpenedSbom['source'] & { packages: ShownPackage[]; hits: RuleHit[] }

/** @throws CnbError CNB_USAGE for a rule, and those of openSbom */
export async function showSbom({ image, failOn = [], ...options }: ShowSbomOptions, places: ImageServices & { readonly input: AsyncIterable<Buffer> }, context: Context): Promise<ShownSbom> {
  const rules = parseRules(failOn)
  const { sbom, source } = await openSbom(image, options, places, context)
  const packages = [...sbom.packages.values()]
  const hits = rules.flatMap(({ text, find }) =>
    packages.flatMap((found): RuleHit[] => {
      const reason = find(found)
      return reason === undefined ? [] : [{ rule: text, package: comparedName(found), version: found.version, reason }]
    }),
  )
  return { ...source, packages: packages.map(describePackage), hits }
}

function describePackage(found: SbomPackage): ShownPackage {
  const { version, purl, licenses, supplier, places } = found
  return { name: comparedName(found), version, purl, licenses: licenseTexts({ licenses }), supplier: supplier?.name, places: [...places] }
}

/** Returns each licence once: a declared licence may be concluded too. */
export function licenseTexts({ licenses }: Pick<SbomPackage, 'licenses'>): string[] {
  return [...new Set(licenses.map(({ text }) => text))]
}
