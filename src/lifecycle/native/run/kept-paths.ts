/** Which paths of `/layers` stay for a build, decided from what the session script lists there (session-script.ts). */

import { MAX_LISTING } from './session-script.ts'

/** What of `/layers` stays for the build; everything else there is removed. */
export interface KeptPaths {
  /** Paths relative to `/layers`, one or two names deep. */
  readonly paths: readonly string[]
  /** Layers' directories, two names deep, that must look as they did. */
  readonly fingerprints: ReadonlyMap<string, string>
}

/** The paths that the script found. They are relative to `/layers`, with one latin1 character for each byte. */
export interface Listing {
  readonly paths: readonly string[]
  /** False where the list was cut at its limit. */
  readonly isWhole: boolean
  /** False where a directory could not be read. */
  readonly isReadable: boolean
}

/** Reads the script's `paths`. */
export function readListing(data: Buffer): Listing {
  if (data.length >= MAX_LISTING) return { paths: [], isWhole: false, isReadable: false }
  const records = data.toString('latin1').split('\0')
  const last = records.pop()
  return {
    paths: records.flatMap((record) => (record === '' ? [] : [record.replace(/^\.\//, '')])),
    isWhole: last === '',
    isReadable: !records.includes(''),
  }
}

/**
 * Decides for each path of a listing whether it is removed.
 * @param changed the directories of `kept.fingerprints` that do not look as recorded; they go with their TOML and SBOM files
 */
export function removedPaths(kept: KeptPaths, changed: readonly string[]): (path: string) => boolean {
  const goes = new Set(changed.map(bytesOf))
  const layers = new Set([...kept.fingerprints.keys()].map(bytesOf))
  const stays = new Set([...kept.paths, ...kept.fingerprints.keys()].map(bytesOf))
  return (path) => !stays.has(path) || goes.has(path) || (!layers.has(path) && layersOf(path).some((layer) => goes.has(layer)))
}

/** The layers whose file `path` can be: `<layer>.toml` or `<layer>.sbom.<format>`. */
function layersOf(path: string): string[] {
  const ends = [...path.matchAll(/\.toml$|\.sbom\./g)].map(({ index }) => index)
  return ends.map((end) => path.slice(0, end))
}

function bytesOf(path: string): string {
  return Buffer.from(path).toString('latin1')
}
