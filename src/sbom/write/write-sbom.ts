/** Writes a bill of materials in one of the formats. */

import type { Sbom, SbomFormat, SbomSubject } from '../package.ts'
import { writeCycloneDx } from './write-cyclonedx.ts'
import { writeSpdx } from './write-spdx.ts'
import { writeSyft } from './write-syft.ts'

const WRITERS: Readonly<Record<SbomFormat, (sbom: Sbom, subject: SbomSubject) => object>> = { 'cyclonedx-json': writeCycloneDx, 'spdx-json': writeSpdx, 'syft-json': writeSyft }

/** Returns the document; the same packages have the same text. */
export function writeSbom(sbom: Sbom, subject: SbomSubject, format: SbomFormat): string {
  return JSON.stringify(WRITERS[format](sbom, subject), undefined, 2)
}
