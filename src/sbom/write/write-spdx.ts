/** Writer of SPDX 2.3 JSON. */

import { VERSION } from '../../base/version.ts'
import { joinExpressions, ownLicenses } from '../licenses.ts'
import type { Sbom, SbomHash, SbomLicense, SbomPackage, SbomSupplier, SbomSubject } from '../package.ts'
import { contentId, contentUuid } from './content-id.ts'

/** The time of reproducible files, for documents that state none: SPDX requires a time. */
const NO_TIME = '1980-01-01T00:00:01Z'
const ALGORITHMS = new Set(['SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512', 'SHA3-256', 'SHA3-384', 'SHA3-512', 'BLAKE2b-256', 'BLAKE2b-384', 'BLAKE2b-512', 'BLAKE3', 'MD2', 'MD4', 'MD5', 'MD6', 'ADLER32'])
const PURPOSES = new Set(['APPLICATION', 'FRAMEWORK', 'LIBRARY', 'CONTAINER', 'OPERATING-SYSTEM', 'DEVICE', 'FIRMWARE', 'SOURCE', 'ARCHIVE', 'FILE', 'INSTALL'])
const UNKNOWN = 'NOASSERTION'

export function writeSpdx({ packages, needs, created }: Sbom, { name, version, isImage }: SbomSubject): object {
  /** The names of licences without an SPDX ID, by their references in the document. */
  const own = new Map<string, string>()
  const root = 'SPDXRef-root'
  const relation = (from: string, relationshipType: string, to: string): object => ({ spdxElementId: from, relationshipType, relatedSpdxElement: to })
  const listed = [...packages].map(([key, found]) => packageOf(idOf(key), found, own))
  const body = {
    name,
    packages: [
      { SPDXID: root, name, versionInfo: version, downloadLocation: UNKNOWN, filesAnalyzed: false, primaryPackagePurpose: isImage ? 'CONTAINER' : 'APPLICATION' },
      ...listed,
    ],
    hasExtractedLicensingInfos: [...own].sort().map(([licenseId, text]) => ({ licenseId, name: text, extractedText: text })),
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', root),
      ...[...packages.keys()].map((key) => relation(root, 'CONTAINS', idOf(key))),
      ...[...needs].flatMap(([key, needed]) => [...needed].map((each) => relation(idOf(key), 'DEPENDS_ON', idOf(each)))),
    ],
  }
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    documentNamespace: `urn:uuid:${contentUuid(JSON.stringify(body))}`,
    creationInfo: { created: created ?? NO_TIME, creators: [`Tool: cnb-${VERSION}`] },
    ...body,
  }
}

function packageOf(id: string, found: SbomPackage, own: Map<string, string>): object {
  const { kind, group, name, version, purl, cpes, licenses, hashes, supplier, author, copyright, description, homepage, download, places } = found
  const purpose = kind.toUpperCase()
  const at = (stage: SbomLicense['stage']): string => expressionOf(licenses.filter((license) => (license.stage ?? 'declared') === stage), own)
  const sums = hashes.flatMap((hash) => checksumOf(hash))
  return {
    SPDXID: id,
    // SPDX has no groups: those that no package URL states are part of the name.
    name: group !== undefined && purl === undefined ? `${group}/${name}` : name,
    versionInfo: version,
    supplier: supplier && partyOf(supplier),
    originator: author === undefined ? undefined : partyOf({ name: author, isPerson: true }),
    downloadLocation: download ?? UNKNOWN,
    filesAnalyzed: false,
    homepage: homepage !== undefined && URL.canParse(homepage) ? homepage : undefined,
    checksums: sums.length > 0 ? sums : undefined,
    sourceInfo: places.length > 0 ? places.map(({ buildpack, layer, file }) => [layer && `layer ${layer}`, buildpack && `buildpack ${buildpack}`, file].filter((part) => part).join(', ')).join('\n') : undefined,
    licenseConcluded: at('concluded'),
    licenseDeclared: at('declared'),
    copyrightText: copyright ?? UNKNOWN,
    description,
    externalRefs: [
      ...(purl === undefined ? [] : [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }]),
      ...cpes.map((cpe) => ({ referenceCategory: 'SECURITY', referenceType: cpe.startsWith('cpe:2.3:') ? 'cpe23Type' : 'cpe22Type', referenceLocator: cpe })),
    ],
    primaryPackagePurpose: PURPOSES.has(purpose) ? purpose : kind === 'library' ? 'LIBRARY' : 'OTHER',
  }
}

function idOf(key: string): string {
  return `SPDXRef-Package-${contentId(key)}`
}

/** SPDX has no place for hashes of other algorithms. */
function checksumOf({ algorithm, value }: SbomHash): object[] {
  const name = algorithm.replace(/^SHA-/, 'SHA')
  return ALGORITHMS.has(name) ? [{ algorithm: name, checksumValue: value.toLowerCase() }] : []
}

function partyOf({ name, isPerson, email }: SbomSupplier): string {
  return `${isPerson ? 'Person' : 'Organization'}: ${name}${email === undefined ? '' : ` (${email})`}`
}

function expressionOf(licenses: readonly SbomLicense[], own: Map<string, string>): string {
  if (licenses.length === 0) return UNKNOWN
  const texts = licenses.map(({ text, isExpression }) => {
    if (isExpression) {
      for (const reference of ownLicenses(text)) if (!own.has(reference)) own.set(reference, reference)
      return text
    }
    const reference = `LicenseRef-${contentId(text)}`
    own.set(reference, text)
    return reference
  })
  return joinExpressions([...new Set(texts)])
}
