/** Reads a bill of materials in any known format. */

import { parseSbomJson, type JsonFields, type SbomFault } from '../json-fields.ts'
import type { SbomDocument, SbomFormat } from '../package.ts'
import { readCycloneDx } from './read-cyclonedx.ts'
import { readSpdx } from './read-spdx.ts'
import { readSyft } from './read-syft.ts'

const READERS: Readonly<Record<SbomFormat, (document: JsonFields) => SbomDocument>> = { 'cyclonedx-json': readCycloneDx, 'syft-json': readSyft, 'spdx-json': readSpdx }

/** @param format the format that the file's name states; absent for any @throws CnbError the fault for a malformed document or an unknown format */
export function readSbom(content: Buffer, fault: SbomFault, format?: SbomFormat): SbomDocument {
  const document = parseSbomJson(content, fault)
  return READERS[format ?? formatOf(document, fault)](document)
}

function formatOf(document: JsonFields, fault: SbomFault): SbomFormat {
  if (document.has('bomFormat')) return 'cyclonedx-json'
  if (document.has('artifacts')) return 'syft-json'
  if (document.string('spdxVersion')?.startsWith('SPDX-2')) return 'spdx-json'
  throw fault('is not CycloneDX, SPDX 2 or Syft JSON')
}
