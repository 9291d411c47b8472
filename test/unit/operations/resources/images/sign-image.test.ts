import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { hexOf, type Digest } from '../../../../../src/oci/digest.ts'
import { readManifest } from '../../../../../src/oci/manifest.ts'
import { signBuiltImage, type BuildSigning } from '../../../../../src/operations/resources/images/sign-image.ts'
import type { AccountKey } from '../../../../../src/operations/resources/signing/account-keys.ts'
import type { Build } from '../../../../../src/resources/kinds/build.ts'
import { SigningKey } from '../../../../../src/signing/signing-key.ts'
import { MemoryRegistry } from '../../../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../../../support/registry/registry-client.ts'
import { store } from '../builders/golden-images.ts'

const KEY: AccountKey = { name: 'signer', namespace: 'team', hasDockerMediaTypes: false, key: new SigningKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) }
const SOURCE = { type: 'git', metadata: { repository: 'https://example.com/shop.git' }, version: { commit: 'c0ffee' } }

let registry: MemoryRegistry
let client: TestClient
let digest: Digest
let events: CnbEvent[]

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
  digest = store(registry, { name: 'registry.example/shop', platform: 'linux/amd64', labels: { 'io.buildpacks.project.metadata': { source: SOURCE } } })
  events = []
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const build = (annotations: { name: string; value: string }[] = []): Build => ({
  apiVersion: 'kpack.io/v1alpha2', kind: 'Build',
  metadata: { name: 'shop-build-7', namespace: 'team', creationTimestamp: '2025-01-02T03:04:05Z', labels: { 'image.kpack.io/buildNumber': '7' } },
  spec: { tags: ['shop'], builder: { image: 'builder' }, source: {}, cosign: { annotations } },
})

const sign = (of: Build, keys: readonly AccountKey[], more: Partial<BuildSigning> = {}) => signBuiltImage(
  of,
  { latestImage: `${registry.address}/shop@${digest}`, lifecycleVersion: '0.21.0' },
  { signing: keys, provenance: keys },
  { registries: client.registries, hasReferrers: false, platform: { os: 'linux', architecture: 'amd64' }, now: () => new Date('2025-01-02T03:05:05Z'), ...more },
  { events: (event) => events.push(event) },
)

const stored = (attachment: string): unknown[] => {
  const { tags, manifests, blobs } = registry.repository('shop')
  const found = manifests.get(tags.get(`sha256-${hexOf(digest)}.${attachment}`) ?? '')
  return found ? readManifest(found.content, 'stored').layers.map((layer) => JSON.parse(blobs.get(layer.digest)!.toString()) as unknown) : []
}

it('signs with the time and number of the Build, and the annotations of the Image', async () => {
  await sign(build([{ name: 'team', value: 'a=b' }, { name: 'buildNumber', value: 'mine' }]), [KEY])
  expect(stored('sig')).toMatchObject([{ optional: { buildTimestamp: '20250102.030405', buildNumber: 'mine', team: 'a=b' } }])
  expect(stored('att')).toEqual([])
  expect(events.filter(({ type }) => type === 'info')).toMatchObject([{ type: 'info', message: `Signed ${registry.address}/shop@${digest} with the keys of Secret signer` }])
})

it.each([['signed', [KEY]], ['unsigned', []]])('states the provenance if it is wanted: %s', async (kind, keys) => {
  const { latestAttestationImage } = await sign(build(), keys, { slsa: true })
  const [{ payload, signatures }] = stored('att') as [{ payload: string; signatures: unknown[] }]
  expect(latestAttestationImage).toBe(`${registry.address}/shop@${registry.repository('shop').tags.get(`sha256-${hexOf(digest)}.att`)}`)
  expect(signatures).toHaveLength(keys.length)
  expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toMatchObject({
    subject: [{ name: `${registry.address}/shop`, digest: { sha256: hexOf(digest) } }],
    predicate: {
      buildDefinition: { resolvedDependencies: [{ name: 'source', digest: { sha1: 'c0ffee' } }, { name: 'builder-image' }] },
      runDetails: { builder: { id: `pkg:npm/cnb#${kind}-build` }, metadata: { startedOn: '2025-01-02T03:04:05Z', finishedOn: '2025-01-02T03:05:05Z' } },
    },
  })
})

it('writes nothing without keys and provenance', async () => {
  await sign(build(), [])
  expect(registry.requests).toEqual([])
  expect(events).toEqual([])
})
