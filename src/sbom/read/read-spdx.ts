/** Reader of SPDX JSON, versions 2.2 and 2.3. */

import type { JsonFields } from '../json-fields.ts'
import { cycloneDxAlgorithm } from '../hash-names.ts'
import { licenseOf, UNKNOWN } from '../licenses.ts'
import type { SbomDocument, SbomLicense, SbomPackage, SbomSupplier } from '../package.ts'

/** A document describes its subject with it, which is not a package of the subject. */
const DOCUMENT = 'SPDXRef-DOCUMENT'

export function readSpdx(document: JsonFields): SbomDocument {
  /** Names of licences that only this document has. */
  const names = new Map(document.objects('hasExtractedLicensingInfos').map((info) => [info.string('licenseId'), info.string('name')]))
  const packages = document.objects('packages')
  const relations = document.objects('relationships').map((each) => ({ type: each.string('relationshipType'), from: each.required('spdxElementId'), to: each.required('relatedSpdxElement') }))
  const described = new Set([...document.strings('documentDescribes'), ...relations.flatMap(({ type, from, to }) => (type === 'DESCRIBES' && from === DOCUMENT ? [to] : []))])
  const isSubject = (found: JsonFields): boolean => described.size === 1 && packages.length > 1 && described.has(found.string('SPDXID') ?? '')
  return {
    packages: packages.flatMap((found) => (isSubject(found) ? [] : [{ ref: found.string('SPDXID'), package: packageOf(found, names) }])),
    needs: relations.flatMap(({ type, from, to }) => (type === 'DEPENDS_ON' ? [{ from, to }] : type === 'DEPENDENCY_OF' ? [{ from: to, to: from }] : [])),
    created: document.object('creationInfo')?.string('created'),
  }
}

function packageOf(found: JsonFields, names: ReadonlyMap<string | undefined, string | undefined>): SbomPackage {
  const known = (key: string): string | undefined => {
    const value = found.string(key)
    return value === undefined || UNKNOWN.has(value) ? undefined : value
  }
  const license = (key: string, stage: SbomLicense['stage']): SbomLicense[] => {
    const text = known(key)
    return licenseOf((text !== undefined && names.get(text)) || text, stage, found, key)
  }
  const refs = found.objects('externalRefs').map((ref) => ({ type: ref.string('referenceType') ?? '', locator: ref.string('referenceLocator') }))
  return {
    name: found.required('name'),
    version: found.string('versionInfo'),
    kind: found.string('primaryPackagePurpose')?.toLowerCase() ?? 'library',
    purl: refs.find(({ type }) => type === 'purl')?.locator,
    cpes: [...new Set(refs.flatMap(({ type, locator }) => (locator !== undefined && /^cpe2[23]Type$/.test(type) ? [locator] : [])))],
    licenses: [...license('licenseDeclared', 'declared'), ...license('licenseConcluded', 'concluded')],
    hashes: found.objects('checksums').map((sum) => ({ algorithm: cycloneDxAlgorithm(sum.required('algorithm')), value: sum.required('checksumValue') })),
    supplier: supplierOf(known('supplier')),
    author: supplierOf(known('originator'))?.name,
    copyright: known('copyrightText'),
    description: found.string('description') ?? found.string('summary'),
    homepage: known('homepage'),
    download: known('downloadLocation'),
    places: [],
  }
}

/** Reads `Organization: NAME (EMAIL)`. */
function supplierOf(text: string | undefined): SbomSupplier | undefined {
  if (text === undefined) return undefined
  const [, kind, rest = text] = /^(Person|Organization|Tool):\s*(.*)$/s.exec(text) ?? []
  const open = rest.endsWith(')') ? rest.lastIndexOf('(') : -1
  const email = open < 0 ? undefined : rest.slice(open + 1, -1).trim() || undefined
  const name = (open < 0 ? rest : rest.slice(0, open)).trim()
  return name === '' ? undefined : { name, isPerson: kind === 'Person', email }
}
