/** Reads the packages of an image's SBOM files: CycloneDX, Syft or SPDX JSON. */

import type { Readable } from 'node:stream'
import { readAtMost } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { recordsOf, recordOf, stringOf } from '../../formats/lenient-values.ts'
import { sbomEntries } from '../inspect/sbom-layer.ts'
import type { Versions } from './changes.ts'

interface Package {
  readonly name: string
  readonly version: string
}

/** By preference: a buildpack may write the same packages in several formats. */
const READERS: readonly [suffix: string, read: (document: Record<string, unknown>) => Package[]][] = [
  ['.cdx.json', readCycloneDx],
  ['.syft.json', (document) => recordsOf(document['artifacts']).flatMap((found) => packageOf(found['purl'], found['name'], found['version']))],
  ['.spdx.json', (document) => recordsOf(document['packages']).flatMap((found) => packageOf(spdxPurl(found), found['name'], found['versionInfo']))],
]
const MAX_FILE = 64 * 1024 * 1024
const MAX_PACKAGES = 500_000

/**
 * Returns the versions by package; undefined if the layer has no SBOM in a known format.
 * @throws CnbError CNB_IMAGE_INVALID for a malformed or oversized SBOM
 */
export async function readPackages(image: string, tar: Readable, context: Context): Promise<Versions | undefined> {
  /** By directory. */
  const found = new Map<string, { readonly rank: number; readonly packages: readonly Package[] }>()
  let count = 0
  for await (const { name, type, size, content } of sbomEntries(tar, context)) {
    const path = name.toString()
    const rank = READERS.findIndex(([suffix]) => path.endsWith(suffix))
    const directory = path.slice(0, path.lastIndexOf('/'))
    if (type !== 'file' || rank < 0 || (found.get(directory)?.rank ?? Infinity) <= rank) continue
    const fail = (why: string, cause?: unknown): CnbError => new CnbError('CNB_IMAGE_INVALID', `cannot read the SBOM of image '${image}': ${path} ${why}`, { cause })
    if (size > MAX_FILE) throw fail(`has ${size} bytes; the limit is ${MAX_FILE}`)
    const packages = READERS[rank]![1](parse(await readAtMost(content as AsyncIterable<Buffer>, MAX_FILE), fail))
    count += packages.length
    if (count > MAX_PACKAGES) throw fail(`has too many packages; the limit is ${MAX_PACKAGES}`)
    found.set(directory, { rank, packages })
  }
  if (found.size === 0) return undefined
  const versions = new Map<string, Set<string>>()
  for (const { packages } of found.values()) {
    for (const { name, version } of packages) versions.set(name, (versions.get(name) ?? new Set()).add(version))
  }
  return versions
}

function parse(content: Buffer, fail: (why: string, cause: unknown) => CnbError): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(content.toString()))
  } catch (error) {
    throw fail(`is not JSON: ${(error as Error).message}`, error)
  }
}

/** Components may contain components; files are not packages. */
function readCycloneDx(document: Record<string, unknown>): Package[] {
  const packages: Package[] = []
  for (const queue = [document]; queue.length > 0; ) {
    const components = recordsOf(queue.pop()!['components'])
    for (const { type, purl, group, name, version } of components) {
      if (type !== 'file') packages.push(...packageOf(purl, stringOf(group) === undefined ? name : `${String(group)}/${String(name)}`, version))
    }
    for (const component of components) queue.push(component)
  }
  return packages
}

function spdxPurl(found: Record<string, unknown>): unknown {
  return recordsOf(found['externalRefs']).find(({ referenceType }) => referenceType === 'purl')?.['referenceLocator']
}

/** Returns the package by its package URL without version and qualifiers, such as `npm/express`, or by its name. */
function packageOf(purl: unknown, name: unknown, version: unknown): Package[] {
  const [address = ''] = (stringOf(purl) ?? '').replace(/^pkg:/, '').split(/[?#]/)
  const at = address.lastIndexOf('@')
  const hasVersion = at > address.lastIndexOf('/')
  const known = (hasVersion ? address.slice(0, at) : address) || stringOf(name)
  if (known === undefined) return []
  return [{ name: known.replaceAll('%40', '@'), version: stringOf(version) ?? (hasVersion ? address.slice(at + 1) : '') }]
}
