/**
 * Fingerprints of layers' directories: the SHA-256 of how each entry looks (session-script.ts). The host computes them where the
 * looks of all layers are short, for two processes for each layer take longer than the transfer; else the script does.
 */

import { createHash, type Hash } from 'node:crypto'
import { MAX_LOOKS } from './session-script.ts'

/** By directory, relative to `/layers`. */
export type Fingerprints = ReadonlyMap<string, string>

/** Computes fingerprints from the script's `looks`; undefined where these were cut at their limit, or something was not readable. */
export function hashLooks(data: Buffer): Fingerprints | undefined {
  // One character for each byte.
  const fields = data.toString('latin1').split('\0')
  if (fields.pop() !== '' || fields.length % 3 !== 0 || data.length >= MAX_LOOKS) return undefined
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
  const records = data.toString('latin1').split('\0')
  return new Map(records.flatMap((record) => {
    const [, fingerprint, directory] = /^([0-9a-f]{64}) [ *]-\n([^]+)$/.exec(record) ?? []
    return fingerprint === undefined || directory === undefined ? [] : entryOf(Buffer.from(directory, 'latin1'), fingerprint)
  }))
}

/** A name that is not UTF-8 can be no layer's. */
function entryOf(directory: Buffer, fingerprint: string): [string, string][] {
  const path = directory.toString()
  return path.startsWith('./') && Buffer.from(path).equals(directory) ? [[path.slice(2), fingerprint]] : []
}
