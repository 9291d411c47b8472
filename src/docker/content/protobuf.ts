/** The subset of protocol buffers that the engine's content service uses (protobuf.dev, "Encoding"). */

import { CnbError } from '../../base/errors.ts'

/** Wire types: variable-length number, 8 bytes, length-delimited bytes, 4 bytes. */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
/** The shift of the last byte of a 64-bit number. */
const MAX_FACTOR = 128 ** 9

/** A decoded field: a number for wire type 0, bytes for wire type 2. */
export type ProtobufField = { readonly number: number; readonly value: number | Buffer }

/** Encodes a field of wire type 2. */
export function bytesField(number: number, value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([varint((number << 3) | BYTES), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

/**
 * Yields the message's fields in order; fixed-width fields, which no message here uses, are skipped. Bytes are not copied.
 * @throws CnbError CNB_ENGINE_FAILED for a malformed message, or a number above 2^53
 */
export function* readFields(message: Buffer): Generator<ProtobufField> {
  let at = 0
  const number = (): number => {
    let value = 0
    for (let factor = 1; value <= Number.MAX_SAFE_INTEGER && factor <= MAX_FACTOR; factor *= 128) {
      const byte = message[at++]
      if (byte === undefined) break
      value += (byte & 127) * factor
      if (byte < 128 && value <= Number.MAX_SAFE_INTEGER) return value
    }
    throw malformed()
  }
  const skip = (length: number): Buffer => {
    const end = at + length
    if (end > message.length) throw malformed()
    const bytes = message.subarray(at, end)
    at = end
    return bytes
  }
  while (at < message.length) {
    const key = number()
    const field = Math.floor(key / 8)
    switch (key % 8) {
      case VARINT:
        yield { number: field, value: number() }
        break
      case BYTES:
        yield { number: field, value: skip(number()) }
        break
      case FIXED64:
        skip(8)
        break
      case FIXED32:
        skip(4)
        break
      default:
        throw malformed()
    }
  }
}

function malformed(): CnbError {
  return new CnbError('CNB_ENGINE_FAILED', "the engine's content service sent a malformed message")
}
