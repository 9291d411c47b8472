/**
 * Fingerprints of layers' directories: the SHA-256 of how each entry looks (session-script.ts). The host computes them where the
 * looks of all layers are short, for two processes for each layer take longer than the transfer; else the script does.
 */

import { createHash, type Hash } from 'node:crypto'
import { MAX_LOOKS } from './session-script.ts'

/** A line of sha256sum, and the directory. */
const RECORD = /(?<=^|\0)([0-9a-f]{64}) [ *]-\n([^\0]+)\0/g

/** By directory, relative to `/layers`. */
export type Fingerprints = ReadonlyMap<string, string>

/** Computes fingerprints from the script's `looks`; undefined where these were cut at their limit, or something was not readable. */
export function hashLooks(data: Buffer): Fingerprints | undefined {
  if (data.length >= MAX_LOOKS) return undefined
  // One character for each byte.
  const fields = data.toString('latin1').split('\0')
  if (fields.pop() !== '' || fields.length % 3 !== 0) return undefined
  const hashes = new Map<string, Hash>()
  for (let index = 0; index < fields.length; index += 3) {
    const [directory = '', path = '', looks = ''] = fields.slice(index, index + 3)
    // A link in a directory's place is not followed, and so has no fingerprint.
    if (path === '' && looks.startsWith('d ')) hashes.set(directory, createHash('sha256'))
    hashes.get(directory)?.update(`${path}\0${looks}\0`, 'latin1')
  }
  return new Map([...hashes].flatMap(([directory, hash]) => entryOf(Buffer.from(directory, 'latin1'), hash.digest('hex'))))
}

/** Reads the script's `fingerprints`. */
export function readFingerprints(data: Buffer): Fingerprints {
  const found = new Map<string, string>()
  for (const [, fingerprint = '', directory = ''] of data.toString('latin1').matchAll(RECORD)) {
    for (const [path, hash] of entryOf(Buffer.from(directory, 'latin1'), fingerprint)) found.set(path, hash)
  }
  return found
}

/** A name that is not UTF-8 can be no layer's. */
function entryOf(directory: Buffer, fingerprint: string): [string, string][] {
  const path = directory.toString()
  return path.startsWith('./') && Buffer.from(path).equals(directory) ? [[path.slice(2), fingerprint]] : []
}
