/** Writer of CycloneDX 1.6 JSON. */

import licenseIds from 'spdx-license-ids/index.json' with { type: 'json' }
import deprecatedIds from 'spdx-license-ids/deprecated.json' with { type: 'json' }
import { joinExpressions } from '../licenses.ts'
import type { Sbom, SbomHash, SbomLicense, SbomPackage, SbomSubject } from '../package.ts'
import { formatPlace, PLACE_PROPERTY } from '../place-property.ts'
import { contentUuid } from './content-id.ts'

const KINDS = new Set(['application', 'framework', 'library', 'container', 'platform', 'operating-system', 'device', 'device-driver', 'firmware', 'machine-learning-model', 'data', 'cryptographic-asset'])
const ALGORITHMS = new Set(['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'SHA3-256', 'SHA3-384', 'SHA3-512', 'BLAKE2b-256', 'BLAKE2b-384', 'BLAKE2b-512', 'BLAKE3'])
const HASH = /^(?:[a-f0-9]{32}|[a-f0-9]{40}|[a-f0-9]{64}|[a-f0-9]{96}|[a-f0-9]{128})$/i
const CPE = /^(?:cpe:\/[aho]?(?::[\w.~%-]*){0,6}|cpe:2\.3:[aho*-](?::(?:\\.|[^:\\\s])+){10})$/i
/** IRIs that the schema's format accepts. */
const LINK = /^[a-z][a-z0-9+.-]*:[\w\-.~:/?#@!$&'()*+,;=%]+$/i

/** Values that CycloneDX has no valid form for become properties. */
export function writeCycloneDx({ packages, needs, created }: Sbom, { name, version, isImage }: SbomSubject): object {
  const root = 'root'
  const body = {
    version: 1,
    metadata: {
      timestamp: created,
      component: { type: isImage ? 'container' : 'application', 'bom-ref': root, name, version },
    },
    components: [...packages].map(([key, found]) => componentOf(key, found)),
    dependencies: [...packages.keys()].flatMap((ref) => {
      const needed = needs.get(ref)
      return needed ? [{ ref, dependsOn: [...needed] }] : []
    }),
  }
  return { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${contentUuid(JSON.stringify(body))}`, ...body }
}

function componentOf(key: string, found: SbomPackage): object {
  const { kind, group, name, version, purl, cpes, licenses, hashes, supplier, author, copyright, description, homepage, download, places } = found
  const isValidHash = ({ algorithm, value }: SbomHash): boolean => ALGORITHMS.has(algorithm) && HASH.test(value)
  const cpe = cpes.find((each) => CPE.test(each))
  const links = [{ type: 'website', url: homepage }, { type: 'distribution', url: download }].filter(({ url }) => url !== undefined)
  const isLink = ({ url = '' }: { url?: string | undefined }): boolean => LINK.test(url)
  const properties = [
    ...cpes.filter((each) => each !== cpe).map((value) => ({ name: 'syft:cpe23', value })),
    ...hashes.filter((hash) => !isValidHash(hash)).map(({ algorithm, value }) => ({ name: `dev.cnb:hash:${algorithm}`, value })),
    ...links.filter((link) => !isLink(link)).map(({ type, url }) => ({ name: `dev.cnb:${type}`, value: url })),
    ...places.map((place) => ({ name: PLACE_PROPERTY, value: formatPlace(place) })),
  ]
  return {
    type: KINDS.has(kind) ? kind : 'library',
    'bom-ref': key,
    supplier: supplier && { name: supplier.name, url: supplier.url !== undefined && LINK.test(supplier.url) ? [supplier.url] : undefined },
    authors: author === undefined ? undefined : [{ name: author }],
    group,
    name,
    version,
    description,
    hashes: unlessEmpty(hashes.filter(isValidHash).map(({ algorithm, value }) => ({ alg: algorithm, content: value.toLowerCase() }))),
    licenses: unlessEmpty(licensesOf(licenses)),
    copyright,
    cpe,
    purl,
    externalReferences: unlessEmpty(links.filter(isLink)),
    properties: unlessEmpty(properties),
  }
}

/** A component has either licences or one expression. */
function licensesOf(licenses: readonly SbomLicense[]): object[] {
  const one = [...new Map(licenses.map((license) => [license.text, license])).values()]
  const isCompound = ({ text, isExpression }: SbomLicense): boolean => isExpression && !KNOWN.has(text)
  if (!one.some(isCompound) || one.some(({ isExpression }) => !isExpression)) {
    return one.map(({ text, stage, url }) => ({ license: { ...(KNOWN.has(text) ? { id: text } : { name: text }), url: url !== undefined && LINK.test(url) ? url : undefined, acknowledgement: stage } }))
  }
  return [{ expression: joinExpressions(one.map(({ text }) => text)), acknowledgement: one.length === 1 ? one[0]!.stage : undefined }]
}

const KNOWN: ReadonlySet<string> = new Set([...licenseIds, ...deprecatedIds])

function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
}
