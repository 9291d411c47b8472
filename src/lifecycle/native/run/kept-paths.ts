/** Decides which paths of `/layers` to keep for a build, from the session script's listing. */

import { MAX_LISTING } from './session/session-script.ts'

/** The part of `/layers` to keep for the build; everything else is removed. */
export interface KeptPaths {
  /** Paths relative to `/layers`, one or two names deep. */
  readonly paths: readonly string[]
  /** Fingerprints of layers' directories, two names deep, that must be unchanged. */
  readonly fingerprints: ReadonlyMap<string, string>
}

/** The paths that the script found, relative to `/layers`, with one latin1 character for each byte. */
export interface Listing {
  readonly paths: readonly string[]
  /** False if the list was cut at its limit. */
  readonly isWhole: boolean
  /** False if a directory could not be read. */
  readonly isReadable: boolean
}

/** Parses the script's `paths`. */
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
 * Returns a function that decides whether to remove a path of a listing.
 * @param changed the directories of `kept.fingerprints` with another fingerprint; they are removed with their TOML and SBOM files
 */
export function removedPaths(kept: KeptPaths, changed: readonly string[]): (path: string) => boolean {
  const goes = new Set(changed.map(bytesOf))
  const layers = new Set([...kept.fingerprints.keys()].map(bytesOf))
  const stays = new Set([...kept.paths, ...kept.fingerprints.keys()].map(bytesOf))
  return (path) => !stays.has(path) || goes.has(path) || (!layers.has(path) && layersOf(path).some((layer) => goes.has(layer)))
}

/** Returns the files that belong to layers. @param files relative to `/layers` @param layers their directories, relative to `/layers` */
export function filesOfLayers(files: readonly string[], layers: readonly string[]): string[] {
  return files.filter((file) => layersOf(file).some((layer) => layers.includes(layer)))
}

/** Returns the layers to which the file `path` may belong: `<layer>.toml` or `<layer>.sbom.<format>`. */
function layersOf(path: string): string[] {
  const ends = [...path.matchAll(/\.toml$|\.sbom\./g)].map(({ index }) => index)
  return ends.map((end) => path.slice(0, end))
}

function bytesOf(path: string): string {
  return Buffer.from(path).toString('latin1')
}
