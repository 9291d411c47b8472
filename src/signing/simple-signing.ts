/** The payload that cosign signs for an image (cosign's "Signature Specification"). */

import { encodeGoObject, encodeGoString, encodeGoValue } from '../formats/go/json.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { digestOf, type Digest } from '../oci/digest.ts'
import type { SigningKey } from './signing-key.ts'

const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'
/** Each layer of cosign's images has it: empty if the content has its own signatures. */
export const SIGNATURE = 'dev.cosignproject.cosign/signature'

/** A layer of a signature's image. */
export interface SignatureLayer {
  readonly descriptor: Descriptor
  readonly content: Buffer
}

/**
 * Returns the payload for an image.
 * @param repository registry and repository as go-containerregistry writes them
 */
export function signaturePayload(repository: string, digest: Digest, annotations: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(encodeGoObject([
    ['critical', encodeGoObject([
      ['identity', encodeGoObject([['docker-reference', encodeGoString(repository)]])],
      ['image', encodeGoObject([['docker-manifest-digest', encodeGoString(digest)]])],
      ['type', encodeGoString('cosign container image signature')],
    ])],
    ['optional', Object.keys(annotations).length === 0 ? 'null' : encodeGoValue(annotations)],
  ]))
}

/** Returns the layer of a signature. */
export function signatureLayer(payload: Buffer, key: SigningKey): SignatureLayer {
  return layerOf(PAYLOAD_TYPE, payload, { [SIGNATURE]: key.sign(payload).toString('base64') })
}

/** Whether a layer is this key's signature of the payload: it need not sign again. */
export function isSignature({ digest, annotations }: Descriptor, payload: Buffer, key: SigningKey): boolean {
  return digest === digestOf(payload) && key.verify(payload, Buffer.from(annotations?.[SIGNATURE] ?? '', 'base64'))
}

/** Returns a layer with its annotations. */
export function layerOf(mediaType: string, content: Buffer, annotations: Readonly<Record<string, string>>): SignatureLayer {
  return { content, descriptor: { mediaType, digest: digestOf(content), size: content.length, annotations } }
}
