/** Signed envelopes (DSSE 1.0) for statements of in-toto. */

import { encodeGoObject, encodeGoString } from '../formats/go/json.ts'
import type { SigningKey } from './signing-key.ts'
import { layerOf, SIGNATURE, type SignatureLayer } from './simple-signing.ts'

const STATEMENT_TYPE = 'application/vnd.in-toto+json'
const ENVELOPE_TYPE = 'application/vnd.dsse.envelope.v1+json'
/** cosign's annotation of a layer with a statement. */
export const PREDICATE_TYPE = 'predicateType'

/** A key and the name that verifiers see. */
export interface NamedKey {
  readonly name: string
  readonly key: SigningKey
}

/** Returns the bytes that are signed (DSSE, "Pre-Authentication Encoding"). */
export function preAuthenticated(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}

/** Encodes a statement with a signature of each key. */
export function encodeEnvelope(statement: Buffer, keys: readonly NamedKey[]): Buffer {
  const signed = preAuthenticated(STATEMENT_TYPE, statement)
  const signatures = keys.map(({ name, key }) => encodeGoObject([['keyid', encodeGoString(name)], ['sig', encodeGoString(key.sign(signed).toString('base64'))]]))
  return Buffer.from(encodeGoObject([
    ['payloadType', encodeGoString(STATEMENT_TYPE)],
    ['payload', encodeGoString(statement.toString('base64'))],
    ['signatures', `[${signatures.join(',')}]`],
  ]))
}

/** Returns the layer of an envelope. */
export function envelopeLayer(envelope: Buffer, predicateType: string): SignatureLayer {
  return layerOf(ENVELOPE_TYPE, envelope, { [SIGNATURE]: '', [PREDICATE_TYPE]: predicateType })
}
