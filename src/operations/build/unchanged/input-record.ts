/**
 * The record of the inputs that made an image.
 *
 * All users of the engine can read it, and inputs contain secrets, such as values of variables. So it has only keyed digests; the
 * key is the user's volume key, which is not stored with the record. The same key authenticates the record.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { CnbError } from '../../../base/errors.ts'
import { FieldReader } from '../../../formats/field-reader.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { type Digest, isDigest } from '../../../oci/digest.ts'

/** The image of a record: its ID on the engine and the digest of its manifest elsewhere, as far as it was saved there. */
export interface RecordedImage {
  readonly id?: Digest
  readonly digest?: Digest
  /** The digest of the index that the names have, if the image is a part of one. */
  readonly index?: Digest
}

export interface InputRecord {
  readonly image: RecordedImage
  /** The keyed digest of each input, by name. */
  readonly inputs: ReadonlyMap<string, string>
}

/** More than any real record: it has about twenty inputs. */
const MAX_LENGTH = 16 * 1024

/** Returns the keyed digests of inputs. */
export function digestInputs(inputs: ReadonlyMap<string, string>, key: string): Map<string, string> {
  return new Map([...inputs].map(([name, value]) => [name, keyed(key, `input\0${name}\0${value}`).toString('hex')]))
}

/** Returns the record as text. */
export function writeInputRecord({ image, inputs }: InputRecord, key: string): string {
  const body = JSON.stringify({ version: 1, image, inputs: Object.fromEntries(inputs) })
  return `${keyed(key, `record\0${body}`).toString('hex')} ${body}`
}

/** Parses a record. Returns undefined unless the text is the output of writeInputRecord with the same key. */
export function readInputRecord(text: string, key: string): InputRecord | undefined {
  if (text.length > MAX_LENGTH || text[64] !== ' ') return undefined
  const body = text.slice(65)
  const [claimed, real] = [Buffer.from(text.slice(0, 64), 'hex'), keyed(key, `record\0${body}`)]
  if (claimed.length !== real.length || !timingSafeEqual(claimed, real)) return undefined
  try {
    const value: unknown = JSON.parse(body)
    return isTable(value) ? recordOf(new FieldReader(value, [], (_path, message) => new CnbError('CNB_IMAGE_INVALID', message))) : undefined
  } catch {
    return undefined
  }
}

/** The user's other versions of cnb may write other records with the same key. */
function recordOf(fields: FieldReader): InputRecord | undefined {
  const [image, inputs] = [fields.table('image'), fields.table('inputs')]
  if (fields.value('version') !== 1 || !image || !inputs) return undefined
  const digests = (['id', 'digest', 'index'] as const).map((name) => [name, image.string(name)] as const)
  return {
    image: Object.fromEntries(digests.filter(([, value]) => value !== undefined && isDigest(value))),
    inputs: new Map(inputs.keys().map((name) => [name, inputs.requiredString(name)])),
  }
}

function keyed(key: string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Returns the names of the inputs that differ. */
export function differingInputs(now: ReadonlyMap<string, string>, recorded: ReadonlyMap<string, string>): string[] {
  return [...new Set([...now.keys(), ...recorded.keys()])].filter((name) => now.get(name) !== recorded.get(name))
}
