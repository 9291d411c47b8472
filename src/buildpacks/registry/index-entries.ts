/**
 * Entries of a buildpack registry's index (RFC 0022 of buildpacks/rfcs).
 *
 * Each buildpack has a file of JSON lines, with one line for each version.
 */

import { CnbError } from '../../base/errors.ts'
import { parseReference } from '../../oci/reference.ts'
import { isTable } from '../../formats/lenient-values.ts'
import { compareVersions } from './compare-versions.ts'

export interface WantedEntry {
  /** `namespace/name` */
  readonly id: string
  readonly version?: string | undefined
}

export interface FoundEntry {
  readonly id: string
  readonly version: string
  /** The image, with a digest. */
  readonly reference: string
}

interface Entry {
  readonly version: string
  readonly yanked: boolean
  readonly address: string
}

const NAME = /^[a-z0-9.-]{1,253}$/

/**
 * Returns the path of a buildpack's file in the index, as pack computes it (internal/registry/index.go).
 * @throws CnbError CNB_USAGE for an id that no index can have
 */
export function entryPath(id: string): string {
  const { namespace, name } = splitId(id)
  const folder = name.length <= 2 ? String(name.length) : name.length === 3 ? `3/${name.slice(0, 2)}` : `${name.slice(0, 2)}/${name.slice(2, 4)}`
  return `${folder}/${namespace}_${name}`
}

function splitId(id: string): { namespace: string; name: string } {
  const [namespace = '', name = '', ...rest] = id.split('/')
  if (NAME.test(namespace) && NAME.test(name) && rest.length === 0) return { namespace, name }
  throw new CnbError('CNB_USAGE', `'${id}' is not the id of a buildpack in a registry`, {
    hint: 'Write namespace/name, in lower-case letters, digits, dots and hyphens.',
  })
}

/**
 * Returns the entry with the wanted version; without one, that with the highest version that is not yanked.
 * @param text the buildpack's file; undefined if the index has none
 * @param registry the registry's name, for errors
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND for an unknown or yanked version, CNB_BUILDPACK_INVALID for an invalid or ambiguous entry
 */
export function chooseEntry(text: string | undefined, wanted: WantedEntry, registry: string): FoundEntry {
  const { id } = wanted
  const entries = text === undefined ? [] : readEntries(text, id, registry)
  if (entries.length === 0) {
    throw new CnbError('CNB_BUILDPACK_NOT_FOUND', `the buildpack registry '${registry}' has no buildpack '${id}'`, { hint: 'Check the id and the registry.' })
  }
  const yanked = new Set(entries.flatMap((entry) => (entry.yanked ? entry.version : [])))
  const usable = entries.filter(({ version }) => !yanked.has(version))
  const version = wanted.version ?? highest(usable) ?? highest(entries)!
  const found = entries.filter((entry) => entry.version === version)
  const [first] = found
  if (!first || yanked.has(version)) throw unusable(wanted, version, first !== undefined, usable, registry)
  const addresses = [...new Set(found.map(({ address }) => address))]
  if (addresses.length > 1) {
    throw new CnbError('CNB_BUILDPACK_INVALID', `'${id}@${version}' is ambiguous in the buildpack registry '${registry}': ${addresses.join(' and ')}`, {
      hint: 'Use the image of your choice instead: docker://…',
    })
  }
  return { id, version, reference: checkedAddress(first.address, `${id}@${version}`, registry) }
}

function highest(entries: readonly Entry[]): string | undefined {
  return entries.map(({ version }) => version).reduce<string | undefined>((best, version) => (best === undefined || compareVersions(version, best) > 0 ? version : best), undefined)
}

function unusable({ id }: WantedEntry, version: string, isYanked: boolean, usable: readonly Entry[], registry: string): CnbError {
  const versions = [...new Set(usable.map((entry) => entry.version))].sort((a, b) => compareVersions(b, a)).slice(0, 10)
  const hint = versions.length > 0 ? `Use one of: ${versions.join(', ')}.` : 'Use another buildpack: all versions are yanked.'
  const message = isYanked
    ? `'${id}@${version}' is yanked: its authors withdrew it from the buildpack registry '${registry}'`
    : `the buildpack registry '${registry}' has no version ${version} of '${id}'`
  return new CnbError('CNB_BUILDPACK_NOT_FOUND', message, { hint })
}

/** Only a digest names the image that was registered. */
function checkedAddress(address: string, what: string, registry: string): string {
  try {
    if (parseReference(address).digest !== undefined) return address
  } catch {
    // The error below is the same.
  }
  throw invalid(`the address of '${what}' in the buildpack registry '${registry}' is not an image with a digest: '${address}'`)
}

function readEntries(text: string, id: string, registry: string): Entry[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const entry = readEntry(line, id)
    if (typeof entry !== 'string') return [entry]
    throw invalid(`line ${index + 1} of '${id}' in the buildpack registry '${registry}' ${entry}`)
  })
}

/** Returns the entry, or the problem. */
function readEntry(line: string, id: string): Entry | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return 'is not JSON'
  }
  if (!isTable(parsed)) return 'is not an entry'
  const { ns, name, version, yanked = false, addr = '' } = parsed
  if (`${String(ns)}/${String(name)}` !== id) return 'is an entry of another buildpack'
  if (typeof version !== 'string' || version === '') return 'has no version'
  if (typeof yanked !== 'boolean' || typeof addr !== 'string') return 'is not an entry'
  return { version, yanked, address: addr }
}

function invalid(message: string): CnbError {
  return new CnbError('CNB_BUILDPACK_INVALID', message, { hint: 'Report it to the maintainers of the registry.' })
}
