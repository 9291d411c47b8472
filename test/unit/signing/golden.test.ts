/** Compares with the real cosign's keys, signatures and attestations (fixtures/golden/cosign). */

import { createPublicKey, verify } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { readManifest } from '../../../src/oci/manifest.ts'
import { OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import { envelopeLayer, preAuthenticated } from '../../../src/signing/dsse.ts'
import { attachmentTag, signatureImage } from '../../../src/signing/signature-image.ts'
import { readCosignKey, type SigningKey } from '../../../src/signing/signing-key.ts'
import { isSignature, signatureLayer, signaturePayload } from '../../../src/signing/simple-signing.ts'
import { cosignAnswers } from '../../support/cosign-answers.ts'

const { repository, digest, keys, signatures, attestations, blobs } = cosignAnswers()
const layersOf = (manifest: string) => readManifest(Buffer.from(manifest), 'golden').layers
const ANNOTATIONS: Record<string, string>[] = [{ buildTimestamp: '20250102.030405', buildNumber: '7', note: 'b <c> é' }, {}, { buildNumber: '7' }]
const NAMES = ['ecdsa', 'open', 'rsa'] as const
const keyOf = (name: keyof typeof keys) => readCosignKey(keys[name].private, Buffer.from(keys[name].password))
let read: SigningKey[]

beforeAll(async () => {
  read = await Promise.all(NAMES.map(keyOf))
})

describe('readCosignKey', () => {
  it.each(NAMES)('decrypts a key of cosign: %s', (name) => {
    const content = Buffer.from('content')
    const signature = read[NAMES.indexOf(name)]!.sign(content)
    expect(verify('sha256', content, createPublicKey(keys[name].public), signature)).toBe(true)
    expect(verify('sha256', Buffer.from('other'), createPublicKey(keys[name].public), signature)).toBe(false)
  })

  it('refuses a type that versions of cosign use in different ways', async () => {
    await expect(keyOf('p384')).rejects.toThrow('its type is secp384r1, not ECDSA with P-256 or RSA')
  })
})

describe('signatures of cosign', () => {
  it.each(NAMES)('must have our payload, and be found again: %s', (name) => {
    const index = NAMES.indexOf(name)
    const key = read[index]!
    const payload = signaturePayload(repository, digest, ANNOTATIONS[index]!)
    const layer = layersOf(signatures)[index]!
    expect(payload.toString()).toBe(blobs[layer.digest])
    expect(isSignature(layer, payload, key)).toBe(true)
    const { descriptor } = signatureLayer(payload, key)
    expect({ ...descriptor, annotations: Object.keys(descriptor.annotations ?? {}) }).toEqual({ ...layer, annotations: Object.keys(layer.annotations ?? {}) })
  })

  it('must not fit another key or another digest', () => {
    const [layer] = layersOf(signatures)
    const [key, other] = [read[0]!, read[1]!]
    const changed = signaturePayload(repository, `sha256:${'0'.repeat(64)}`, ANNOTATIONS[0]!)
    expect(isSignature(layer!, signaturePayload(repository, digest, ANNOTATIONS[0]!), other)).toBe(false)
    expect(isSignature(layer!, changed, key)).toBe(false)
    expect(key.verify(changed, Buffer.from(Object.values(layer!.annotations ?? {})[0]!, 'base64'))).toBe(false)
  })

  it.each([['signatures', signatures], ['attestations', attestations]])('must be in an image with the same bytes: %s', (_title, manifest) => {
    const image = signatureImage(layersOf(manifest), OCI_MANIFEST)
    expect(image.manifest.toString()).toBe(manifest)
    expect(image.config.toString()).toBe(blobs[readManifest(Buffer.from(manifest), 'golden').config.digest])
  })

  it('must be at a tag with the digest', () => {
    expect(attachmentTag(`sha256:${'ab'.repeat(32)}`, 'sig')).toBe(`sha256-${'ab'.repeat(32)}.sig`)
  })
})

it('makes the layer of cosign, and reads its signature of the statement', () => {
  const [layer] = layersOf(attestations)
  const envelope = blobs[layer!.digest]!
  expect(envelopeLayer(Buffer.from(envelope), 'https://slsa.dev/provenance/v1').descriptor).toEqual(layer)
  const { payloadType, payload, signatures: [first] } = JSON.parse(envelope) as { payloadType: string; payload: string; signatures: { sig: string }[] }
  const signed = preAuthenticated(payloadType, Buffer.from(payload, 'base64'))
  expect(read[0]!.verify(signed, Buffer.from(first!.sig, 'base64'))).toBe(true)
})
