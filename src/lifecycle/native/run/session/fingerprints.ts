/**
 * Fingerprints of layers' directories: the SHA-256 of the attributes of all entries.
 * The host computes them if the attributes of all layers are short, because two processes for each layer take longer than the
 * transfer; otherwise the script does.
 */

import { createHash, type Hash } from 'node:crypto'
import { MAX_ATTRIBUTES } from './session-script.ts'

/** A line of sha256sum, and the directory. */
const RECORD = /(?<=^|\0)([0-9a-f]{64}) [ *]-\n([^\0]+)\0/g

/** Fingerprints by directory, relative to `/layers`. */
export type Fingerprints = ReadonlyMap<string, string>

/** Computes fingerprints from the script's `attributes`; returns undefined if these were cut at their limit, or an entry was unreadable. */
export function hashAttributes(data: Buffer): Fingerprints | undefined {
  if (data.length >= MAX_ATTRIBUTES) return undefined
  // One character for each byte.
  const fields = data.toString('latin1').split('\0')
  if (fields.pop() !== '' || fields.length % 3 !== 0) return undefined
  const hashes = new Map<string, Hash>()
  for (let index = 0; index < fields.length; index += 3) {
    const [directory = '', path = '', attributes = ''] = fields.slice(index, index + 3)
    // A link in place of a directory is not followed, and so has no fingerprint.
    if (path === '' && attributes.startsWith('d ')) hashes.set(directory, createHash('sha256'))
    hashes.get(directory)?.update(`${path}\0${attributes}\0`, 'latin1')
  }
  return new Map([...hashes].flatMap(([directory, hash]) => entryOf(Buffer.from(directory, 'latin1'), hash.digest('hex'))))
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
