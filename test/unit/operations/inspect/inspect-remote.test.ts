import { afterEach, beforeEach, expect, test } from 'vitest'
import { inspect } from '../../../../src/operations/inspect/inspect.ts'
import { inspectBuilder } from '../../../../src/operations/builder/inspect-builder.ts'
import { layerOf, loadImage } from '../../../engine/images/crafted.ts'
import { APP_LAYERS, craftApp, type AppChanges } from '../../../support/images/crafted-app.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { layerOf as layerInLayout, makeDirectory, planOf, save } from '../../../support/images/layout-images.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { placesWith } from '../../../support/places.ts'
import { pushImage, pushIndex, type ImageToPush } from '../../../support/images/push-image.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'
import { METADATA } from '../../builder/builder-image.ts'

let registry: MemoryRegistry
let client: TestClient
let name: string

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
  name = `${registry.address}/team/app:1`
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const push = async (changes: AppChanges = {}, more: Partial<ImageToPush> = {}) => pushImage(client.registries, name, { ...(await craftApp(changes)), ...more })
const look = (options: { remote?: boolean; platform?: string } = { remote: true }) => inspect({ image: name, ...options }, placesWith({ registries: client.registries }), {})

test('describes an app in a registry as on an engine, with compressed sizes', async () => {
  const app = await craftApp()
  const engine = new FakeEngine()
  await loadImage(engine, name, app)
  const { digest } = await push()
  const [local, remote] = [await inspect({ image: name }, placesWith({ engine }), {}), await look()]
  const { id: _id, source: _source, size, layers: unpacked, ...same } = local
  expect(remote).toMatchObject(same)
  expect(remote).toMatchObject({ source: 'registry', id: `${registry.address}/team/app@${digest}`, digest, mediaType: 'application/vnd.oci.image.manifest.v1+json' })
  expect(remote.size).toBeUndefined()
  expect(remote.compressedSize).toBe(remote.layers.reduce((sum, layer) => sum + (layer.compressedSize ?? 0), 0))
  expect(remote.compressedSize).toBeLessThan(size ?? 0)
  expect(remote.layers.map((layer) => [layer.diffId, layer.name, layer.buildpack])).toEqual(unpacked.map((layer) => [layer.diffId, layer.name, layer.buildpack]))
  expect(remote.layers.map((layer) => layer.name)).toContain(`step ${APP_LAYERS.indexOf('stray')}`)
  const blobs = registry.repository('team/app').blobs
  for (const layer of remote.layers) expect(blobs.get(layer.digest ?? '')?.length).toBe(layer.compressedSize)
})

test('describes an app in an OCI layout as in a registry', async () => {
  const app = await craftApp()
  const directory = await makeDirectory()
  const plan = planOf(app.layers.map(layerInLayout))
  await save(`oci:${directory}:1`, { ...plan, config: { ...plan.config, created: '2020-01-02T03:04:05Z', config: app.config } }, { sparse: true })
  await push()
  const [inRegistry, inLayout] = [await look(), await inspect({ image: `oci:${directory}:1` }, placesWith(), {})]
  const { image: _image, id: _id, source, digest: _digest, compressedSize: _size, layers, ...same } = inRegistry
  expect([source, inLayout.source]).toEqual(['registry', 'layout'])
  expect(inLayout).toMatchObject(same)
  expect(inLayout.id).toBe(`oci:${directory}@${inLayout.digest}`)
  expect(inLayout.layers.map(({ diffId }) => diffId)).toEqual(layers.map(({ diffId }) => diffId))
})

test('reads only a small SBOM layer', async () => {
  await push()
  registry.requests.length = 0
  const { layers } = await look()
  const sbom = layers.find((layer) => layer.name === 'sbom')
  const blobs = registry.takeRequests().filter((request) => request.includes('/blobs/'))
  expect(blobs).toHaveLength(2)
  expect(blobs.at(-1)).toContain(sbom?.digest)
})

test.each([true, false])('treats the lifecycle\'s empty SBOM as missing, compressed or not (plain: %s)', async (plain) => {
  await push({ sbom: { '/layers/sbom/launch/sbom.legacy.json': 'null\n' } }, { plain })
  expect((await look()).sbom).toBe(false)
  await push({}, { plain })
  expect((await look()).sbom).toBe(true)
})

test('does not read a large SBOM layer', async () => {
  await push({ sbom: { '/layers/sbom/launch/x': 'x'.repeat(20_000) } }, { plain: true })
  registry.requests.length = 0
  expect((await look()).sbom).toBe(true)
  expect(registry.takeRequests().filter((request) => request.includes('/blobs/'))).toHaveLength(1)
})

test('throws for a layer that does not match its digest', async () => {
  await push()
  const { blobs } = registry.repository('team/app')
  const { digest = '' } = (await look()).layers.find((layer) => layer.name === 'sbom') ?? {}
  blobs.set(digest, Buffer.alloc(blobs.get(digest)?.length ?? 0))
  await expect(look()).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED' })
})

test('lists all images of an index, and describes the one for the platform', async () => {
  const [amd64, arm64] = [await push(), await push({}, { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } })]
  const attestation = { ...amd64, platform: { os: 'unknown', architecture: 'unknown' } }
  const index = await pushIndex(client.registries, name, [amd64, arm64, attestation])
  const described = {
    digest: index.digest,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    platforms: [
      { platform: 'linux/amd64', digest: amd64.digest },
      { platform: 'linux/arm64/v8', digest: arm64.digest },
    ],
  }
  expect(await look()).toMatchObject({ platform: 'linux/amd64', digest: amd64.digest, index: described })
  expect(await look({ platform: 'linux/arm64' })).toMatchObject({ platform: 'linux/arm64/v8', digest: arm64.digest, index: described })
})

test('names layers without a label after their history entry', async () => {
  await push({ metadata: { launcher: { sha: '' } } }, { layers: [await layerOf('top', 'top'.repeat(10)), await layerOf('x', 'x')] })
  expect((await look()).layers.map((layer) => layer.name)).toEqual(['run image', 'step 1'])
})

test('refuses an image that buildpacks did not build', async () => {
  await pushImage(client.registries, name, { layers: [await layerOf('a', 'a')] })
  await expect(look()).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
})

test('describes a builder in a registry', async () => {
  const config = {
    User: '1001:1000',
    Env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'],
    Labels: { 'io.buildpacks.builder.metadata': JSON.stringify(METADATA), 'io.buildpacks.buildpack.order': '[{"group":[{"id":"acme/all"}]}]' },
  }
  const { digest } = await pushImage(client.registries, name, { layers: [await layerOf('a', 'a')], config })
  const inspection = await inspectBuilder({ builder: name, remote: true }, placesWith({ registries: client.registries }), {})
  expect(inspection).toMatchObject({
    builder: name,
    source: 'registry',
    digest,
    platform: 'linux/amd64',
    user: { uid: 1001, gid: 1000 },
    order: [{ buildpacks: [{ id: 'acme/all' }] }],
  })
  expect(inspection.layers).toEqual([{ diffId: expect.any(String) as string, digest: expect.any(String) as string, compressedSize: inspection.compressedSize, name: 'unknown' }])
})
