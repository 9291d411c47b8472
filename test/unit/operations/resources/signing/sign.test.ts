import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Descriptor } from '../../../../../src/oci/descriptor.ts'
import { digestOf, hexOf } from '../../../../../src/oci/digest.ts'
import { readManifest } from '../../../../../src/oci/manifest.ts'
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../../../../src/oci/media-types.ts'
import type { AccountKey } from '../../../../../src/operations/resources/signing/account-keys.ts'
import { attestImage, signImage } from '../../../../../src/operations/resources/signing/sign.ts'
import { signatureImage } from '../../../../../src/signing/signature-image.ts'
import { SigningKey } from '../../../../../src/signing/signing-key.ts'
import { isSignature, layerOf, signaturePayload } from '../../../../../src/signing/simple-signing.ts'
import { MemoryRegistry, refuse } from '../../../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../../../support/registry/registry-client.ts'

const keyNamed = (name: string, more: Partial<AccountKey> = {}): AccountKey =>
  ({ name, namespace: 'team', key: new SigningKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), hasDockerMediaTypes: false, ...more })
const [ONE, TWO] = [keyNamed('one'), keyNamed('two')]
const APP = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST }))
const DIGEST = digestOf(APP)

let registry: MemoryRegistry
let client: TestClient

const start = async (options: ConstructorParameters<typeof MemoryRegistry>[0] = {}): Promise<void> => {
  registry = await new MemoryRegistry(options).start()
  registry.repository('app').manifests.set(DIGEST, { mediaType: OCI_MANIFEST, content: APP })
}

beforeEach(async () => {
  client = openClient()
  await start()
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const nameOf = (): string => `${registry.address}/app@${DIGEST}`
const services = (hasReferrers = false) => ({ registries: client.registries, hasReferrers })
const sign = (keys: readonly AccountKey[], annotations = {}, hasReferrers = false) => signImage(nameOf(), keys, annotations, services(hasReferrers), client.context)
const attest = (statement: string, keys: readonly AccountKey[] = [], hasReferrers = false) => attestImage(nameOf(), Buffer.from(statement), keys, services(hasReferrers), client.context)

const stored = (attachment: string, repository = 'app') => {
  const { tags, manifests } = registry.repository(repository)
  const digest = tags.get(`sha256-${hexOf(DIGEST)}.${attachment}`)
  const found = digest === undefined ? undefined : manifests.get(digest)
  return found && { ...found, digest, ...readManifest(found.content, 'stored') }
}
const layersOf = (attachment: string, repository?: string): readonly Descriptor[] => stored(attachment, repository)?.layers ?? []
const signers = (layer: Descriptor, annotations: Record<string, string> = {}): string[] =>
  [ONE, TWO].filter(({ key }) => isSignature(layer, signaturePayload(`${registry.address}/app`, DIGEST, annotations), key)).map(({ name }) => name)
const put = (tag: string, layers: readonly Descriptor[]): void => {
  const { manifests, tags } = registry.repository('app')
  const { manifest, mediaType } = signatureImage(layers, OCI_MANIFEST)
  manifests.set(digestOf(manifest), { mediaType, content: manifest })
  tags.set(tag, digestOf(manifest))
}
const writes = (): string[] => registry.takeRequests().filter((request) => /^(PUT|POST|PATCH)/.test(request))
const referrers = () => [...registry.repository('app').manifests.values()].map(({ content }) => JSON.parse(content.toString()) as { subject?: Descriptor; artifactType?: string; layers?: Descriptor[] }).filter(({ subject }) => subject)

describe('signImage', () => {
  it('stores a signature of each key in one image', async () => {
    const signatures = await sign([ONE, TWO], { note: 'a=b' })
    expect(layersOf('sig').map((layer) => signers(layer, { note: 'a=b' }))).toEqual([['one'], ['two']])
    const targetDigest = `${registry.address}/app@${stored('sig')!.digest}`
    expect(signatures).toEqual([{ signingSecret: 'k8s://team/one', targetDigest }, { signingSecret: 'k8s://team/two', targetDigest }])
    for (const { digest } of layersOf('sig')) expect(JSON.parse(registry.repository('app').blobs.get(digest)!.toString())).toMatchObject({ optional: { note: 'a=b' } })
  })

  it('keeps other signatures, and does not repeat its own', async () => {
    await sign([ONE])
    await sign([ONE, TWO])
    await sign([TWO], { buildNumber: '2' })
    expect(layersOf('sig').map((layer) => [...signers(layer), ...signers(layer, { buildNumber: '2' })])).toEqual([['one'], ['two'], ['two']])
    writes()
    await sign([ONE, TWO])
    expect(writes()).toEqual([])
  })

  it('signs again what another key signed under the same digest', async () => {
    await sign([ONE])
    const [layer] = layersOf('sig')
    put(`sha256-${hexOf(DIGEST)}.sig`, [{ ...layer!, annotations: { 'dev.cosignproject.cosign/signature': 'AAAA' } }])
    await sign([ONE])
    expect(layersOf('sig').map((each) => signers(each))).toEqual([[], ['one']])
  })

  it("stores signatures in the Secret's repository and with its media types", async () => {
    const elsewhere = keyNamed('other', { repository: `${registry.address}/signatures`, hasDockerMediaTypes: true })
    const signatures = await sign([elsewhere, ONE], {}, true)
    expect(signatures.map(({ targetDigest }) => targetDigest.replace(/@.*/, ''))).toEqual([`${registry.address}/signatures`, `${registry.address}/app`])
    expect(stored('sig', 'signatures')).toMatchObject({ mediaType: DOCKER_MANIFEST, config: { mediaType: 'application/vnd.docker.container.image.v1+json' } })
    expect(stored('sig')?.mediaType).toBe(OCI_MANIFEST)
    expect(referrers()).toHaveLength(1)
  })

  it('stores a referrer with all signatures if the registry lists referrers', async () => {
    await sign([ONE], {}, true)
    await sign([TWO], {}, true)
    expect(referrers().map(({ subject, artifactType, layers }) => [subject, artifactType, layers?.length])).toEqual([1, 2].map((count) =>
      [{ mediaType: OCI_MANIFEST, size: APP.length, digest: DIGEST }, 'application/vnd.dev.cosign.artifact.sig.v1+json', count]))
    expect(await client.registries.repository(nameOf(), 'pull').referrers(DIGEST)).toHaveLength(2)
  })

  it.each([
    ['does not list them', { referrers: false }, true],
    ['is not asked', {}, false],
  ])('stores no referrer if the registry %s', async (_title, options, hasReferrers) => {
    await registry[Symbol.asyncDispose]()
    await start(options)
    await sign([ONE], {}, hasReferrers)
    expect(layersOf('sig')).toHaveLength(1)
    expect(referrers()).toEqual([])
  })

  it('says that the image is pushed if the signature cannot be', async () => {
    registry.intercept = ({ method }, response) => {
      if (method !== 'PUT') return false
      refuse(response, 403, 'DENIED', 'no signatures here')
      return true
    }
    await expect(sign([ONE])).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED', message: expect.stringMatching(/^cannot sign 127\.0\.0\.1:\d+\/app@sha256:[0-9a-f]+, which is pushed already: .*/) as string })
  })

  it('adds no signature that cosign could not read', async () => {
    put(`sha256-${hexOf(DIGEST)}.sig`, Array.from({ length: 1000 }, (_, index) => layerOf('text/plain', Buffer.from(String(index)), {}).descriptor))
    await expect(sign([ONE])).rejects.toMatchObject({ code: 'CNB_SIGNING_FAILED', message: expect.stringContaining('it has 1000 entries, and cosign reads at most 1000') as string })
  })
})

describe('attestImage', () => {
  const envelopes = () => layersOf('att').map(({ digest, annotations }) => [annotations?.predicateType, JSON.parse(registry.repository('app').blobs.get(digest)!.toString())] as const)

  it('stores the statement with a signature of each key', async () => {
    const name = await attest('{"a":1}', [ONE, TWO])
    expect(name).toBe(`${registry.address}/app@${stored('att')!.digest}`)
    const [[type, envelope]] = envelopes() as [[string, { payload: string; payloadType: string; signatures: { keyid: string; sig: string }[] }]]
    expect(type).toBe('https://slsa.dev/provenance/v1')
    expect(Buffer.from(envelope.payload, 'base64').toString()).toBe('{"a":1}')
    const signed = (payload: string) => Buffer.from(`DSSEv1 28 application/vnd.in-toto+json 7 ${payload}`)
    expect(envelope.signatures.map(({ keyid }) => keyid)).toEqual(['one', 'two'])
    const valid = (payload: string) => [ONE, TWO].map(({ key }, index) => key.verify(signed(payload), Buffer.from(envelope.signatures[index]!.sig, 'base64')))
    expect(valid('{"a":1}')).toEqual([true, true])
    expect(valid('{"a":2}')).toEqual([false, false])
  })

  it('replaces older provenance, and keeps other attestations', async () => {
    put(`sha256-${hexOf(DIGEST)}.att`, [layerOf('text/plain', Buffer.from('sbom'), { predicateType: 'https://spdx.dev/Document' }).descriptor])
    registry.repository('app').blobs.set(digestOf('sbom'), Buffer.from('sbom'))
    await attest('{"a":1}')
    await attest('{"a":2}')
    expect(layersOf('att').map(({ annotations }) => annotations?.predicateType)).toEqual(['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'])
    expect(registry.repository('app').blobs.get(layersOf('att')[1]!.digest)?.toString()).toContain(Buffer.from('{"a":2}').toString('base64'))
  })

  it('stores a referrer without a clock', async () => {
    await attest('{}', [], true)
    expect(referrers()).toMatchObject([{ artifactType: 'application/vnd.in-toto+json', config: { mediaType: 'application/vnd.oci.empty.v1+json', size: 2 } }])
  })

  it('says that the image is pushed if it fails', async () => {
    registry.intercept = ({ method }, response) => {
      if (method === 'GET') refuse(response, 403, 'DENIED', 'no')
      return method === 'GET'
    }
    await expect(attest('{}')).rejects.toThrow(/^cannot store the provenance of .*, which is pushed already: /)
  })
})
