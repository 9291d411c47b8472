/**
 * Fingerprints of layers' directories: the SHA-256 of the attributes of all entries.
 * The host computes them if the attributes of all layers are short, because two processes for each layer take longer than the
 * transfer; otherwise the script does.
 */

import { createHash } from 'node:crypto'
import { MAX_ATTRIBUTES } from './session-script.ts'

/** A line of sha256sum, and the directory. */
const RECORD = /(?<=^|\0)([0-9a-f]{64}) [ *]-\n([^\0]+)\0/g

/** Fingerprints by directory, relative to `/layers`. */
export type Fingerprints = ReadonlyMap<string, string>

/** The end of a directory's name and its own, empty path: paths and attributes of other entries are not empty. */
const TOP = Buffer.from('\0\0')

/**
 * Computes fingerprints from the script's `attributes`: records of directory, path and attributes, each terminated by a NUL. The records
 * of a directory follow one another, its own first. Returns undefined if they were cut at their limit, or an entry was unreadable.
 */
export function hashAttributes(data: Buffer): Fingerprints | undefined {
  if (data.length >= MAX_ATTRIBUTES || !hasRecords(data)) return undefined
  const starts: { readonly at: number; readonly end: number }[] = []
  for (let end = data.indexOf(TOP); end >= 0; end = data.indexOf(TOP, end + 1)) starts.push({ at: data.lastIndexOf(0, end - 1) + 1, end })
  return new Map(starts.flatMap(({ at, end }, index) => {
    // A link in place of a directory is not followed, and so has no fingerprint.
    if (!data.subarray(end + 2, end + 4).equals(DIRECTORY)) return []
    const records = data.subarray(at, starts[index + 1]?.at)
    return entryOf(data.subarray(at, end), createHash('sha256').update(records).digest('hex'))
  }))
}

/** The beginning of a directory's attributes. */
const DIRECTORY = Buffer.from('d ')

/** Whether the data are whole records. After an unreadable entry, the script adds a NUL. */
function hasRecords(data: Buffer): boolean {
  if (data.length === 0) return true
  let terminators = 0
  // Iterating over the bytes takes ten times as long.
  for (let at = 0; at < data.length; at++) if (data[at] === 0) terminators++
  return data.at(-1) === 0 && terminators % 3 === 0
}

/** Parses the script's `fingerprints`. */
export function readFingerprints(data: Buffer): Fingerprints {
  const found = new Map<string, string>()
  for (const [, fingerprint = '', directory = ''] of data.toString('latin1').matchAll(RECORD)) {
    for (const [path, hash] of entryOf(Buffer.from(directory, 'latin1'), fingerprint)) found.set(path, hash)
  }
  return found
}

/** Returns no entry for a name that is not UTF-8, because a layer's name is. */
function entryOf(directory: Buffer, fingerprint: string): [string, string][] {
  const path = directory.toString()
  return path.startsWith('./') && Buffer.from(path).equals(directory) ? [[path.slice(2), fingerprint]] : []
}
