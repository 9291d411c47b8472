/** Signatures and provenance in a real registry, read back without cnb's code for them. */

import { createHash, createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { digestOf, type Digest } from '../../../src/oci/digest.ts'
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import type { AccountKey } from '../../../src/operations/resources/signing/account-keys.ts'
import { attestImage, signImage } from '../../../src/operations/resources/signing/sign.ts'
import { readCosignKey } from '../../../src/signing/signing-key.ts'
import { cosignAnswers } from '../../support/cosign-answers.ts'
import { pushBlob } from '../../support/images/push-blob.ts'
import { makeCertificate, type Certificate } from '../../support/registry/certificate.ts'
import { openClient, type TestClient } from '../../support/registry/registry-client.ts'
import { BASIC_USER, startRegistry, type Registry } from '../../support/registry/registry.ts'

interface SignatureManifest {
  mediaType: string
  layers: { digest: string; annotations: Record<string, string> }[]
}

const { ecdsa } = cosignAnswers().keys
const CONFIG = Buffer.from('{}')
const APP = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: OCI_CONFIG, digest: digestOf(CONFIG), size: CONFIG.length }, layers: [] }))
const DIGEST = digestOf(APP)

let certificate: Certificate
let registry: Registry
let client: TestClient
let key: AccountKey

beforeAll(async () => {
  certificate = await makeCertificate()
  registry = await startRegistry({ certificate, auth: 'basic' })
  client = openClient({ ca: [Buffer.from(certificate.ca)], credentials: { ...BASIC_USER } })
  await pushBlob(registry, 'team/app', CONFIG)
  await registry.request('PUT', `/v2/team/app/manifests/${DIGEST}`, { headers: { 'content-type': OCI_MANIFEST }, body: APP })
  key = { name: 'signer', namespace: 'team', hasDockerMediaTypes: false, key: await readCosignKey(ecdsa.private, Buffer.from(ecdsa.password)) }
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await certificate[Symbol.asyncDispose]()
})

const services = () => ({ registries: client.registries, hasReferrers: true })
const read = async (path: string): Promise<Buffer> => (await registry.request('GET', path, { headers: { accept: `${OCI_MANIFEST}, ${DOCKER_MANIFEST}` } })).body
const stored = async (attachment: string, repository = 'team/app') => {
  const manifest = JSON.parse((await read(`/v2/${repository}/manifests/${DIGEST.replace(':', '-')}.${attachment}`)).toString()) as SignatureManifest
  return { ...manifest, contents: await Promise.all(manifest.layers.map(({ digest }) => read(`/v2/${repository}/blobs/${digest}`))) }
}
const isValid = (content: Buffer, signature: string): boolean => verify('sha256', content, createPublicKey(ecdsa.public), Buffer.from(signature, 'base64'))

it('keeps signatures that the public key verifies, and adds others', async () => {
  const name = `${registry.address}/team/app@${DIGEST}`
  for (const buildNumber of ['1', '2', '2']) await signImage(name, [key], { buildNumber }, services(), client.context)
  const { layers, contents } = await stored('sig')
  expect(contents.map((content) => (JSON.parse(content.toString()) as { optional: object }).optional)).toEqual([{ buildNumber: '1' }, { buildNumber: '2' }])
  const signed = (content: Buffer, index: number): boolean => isValid(content, layers[index]!.annotations['dev.cosignproject.cosign/signature']!)
  expect(contents.map(signed)).toEqual([true, true])
  const forged = contents.map((content) => Buffer.from(content.toString().replace(DIGEST, digestOf('other'))))
  expect(forged.map(signed)).toEqual([false, false])
})

it("accepts Docker's media types in another repository", async () => {
  const elsewhere = { ...key, repository: `${registry.address}/team/signatures`, hasDockerMediaTypes: true }
  await signImage(`${registry.address}/team/app@${DIGEST}`, [elsewhere], {}, services(), client.context)
  const { mediaType, contents } = await stored('sig', 'team/signatures')
  expect([mediaType, contents.length]).toEqual([DOCKER_MANIFEST, 1])
})

it('keeps the signed provenance under its digest', async () => {
  const name = await attestImage(`${registry.address}/team/app@${DIGEST}`, Buffer.from('{"_type":"x"}'), [key], services(), client.context)
  const manifest = await read(`/v2/team/app/manifests/${name.split('@')[1] as Digest}`)
  expect(`sha256:${createHash('sha256').update(manifest).digest('hex')}`).toBe(name.split('@')[1])
  const { contents: [envelope] } = await stored('att')
  const { payload, signatures } = JSON.parse(envelope!.toString()) as { payload: string; signatures: { sig: string }[] }
  expect(payload).toBe(Buffer.from('{"_type":"x"}').toString('base64'))
  expect(isValid(Buffer.from('DSSEv1 28 application/vnd.in-toto+json 13 {"_type":"x"}'), signatures[0]!.sig)).toBe(true)
})
