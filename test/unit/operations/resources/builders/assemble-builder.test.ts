import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readTar } from '../../../../../src/archive/tar/tar-reader.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../../src/base/files.ts'
import type { ImagePlan } from '../../../../../src/images/image.ts'
import { openRegistryImages } from '../../../../../src/images/remote/registry-source.ts'
import { encodeImageConfig } from '../../../../../src/oci/config.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import type { Platform } from '../../../../../src/oci/platform.ts'
import { assembleBuilder, builderTag, type AssemblyOptions, type AssemblyServices, type BuilderParts } from '../../../../../src/operations/resources/builders/assemble-builder.ts'
import { resolveLifecycle } from '../../../../../src/operations/resources/builders/resolve-lifecycle.ts'
import { resolveStack } from '../../../../../src/operations/resources/builders/resolve-stack.ts'
import { resolveStore } from '../../../../../src/operations/resources/builders/resolve-store.ts'
import { openContentCache } from '../../../../../src/registry/download/content-cache.ts'
import type { Registries } from '../../../../../src/registry/registry.ts'
import type { Builder, ClusterBuilder } from '../../../../../src/resources/kinds/builder.ts'
import type { ServiceAccountReference } from '../../../../../src/resources/kinds/parts.ts'
import { MemoryRegistry, type SeenRequest } from '../../../../support/fakes/memory-registry.ts'
import { containing } from '../../../../support/matching.ts'
import { openClient, type TestClient } from '../../../../support/registry/registry-client.ts'
import { namedRegistries, store, type GoldenImage } from './golden-images.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM64 = { os: 'linux', architecture: 'arm64' }
const PLATFORMS = [AMD64, ARM64]

let registry: MemoryRegistry
let client: TestClient
let registries: Registries
let scratch: TemporaryDirectory

/** The images of one platform, and an index of each. */
const imagesOf = ({ os, architecture: arch }: Platform): GoldenImage[] => [
  { name: `registry.example/base/build:${arch}`, platform: `${os}/${arch}`, layers: [`build-${arch}:500`], env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'], labels: { 'io.buildpacks.stack.id': 'test.stack' } },
  { name: `registry.example/base/run:${arch}`, platform: `${os}/${arch}`, layers: [`run-${arch}:400`], labels: { 'io.buildpacks.stack.id': 'test.stack' } },
  {
    name: `registry.example/lifecycle:${arch}`, platform: `${os}/${arch}`, layers: [`lifecycle-${arch}:3000`],
    labels: { 'io.buildpacks.builder.metadata': { lifecycle: { version: '9' } }, 'io.buildpacks.lifecycle.apis': { buildpack: { supported: ['0.11'] }, platform: { supported: ['0.15'] } } },
  },
  { name: `registry.example/java:${arch}`, platform: `${os}/${arch}`, layers: [`java-${arch}:2000`], labels: { 'io.buildpacks.buildpack.layers': { 'test/java': { 1: { api: '0.11', layerDiffID: `$DIFF(java-${arch})` } } } } },
  { name: `registry.example/curl:${arch}`, platform: `${os}/${arch}`, layers: [`curl-${arch}:100`], labels: { 'io.buildpacks.extension.layers': { 'test/curl': { 2: { api: '0.11', layerDiffID: `$DIFF(curl-${arch})` } } } } },
]

beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  registry = await new MemoryRegistry().start()
  client = openClient()
  registries = namedRegistries(client.registries, registry)
  const images = PLATFORMS.flatMap(imagesOf)
  for (const image of images) store(registry, image)
  for (const path of ['base/build', 'base/run', 'lifecycle', 'java', 'curl']) pushIndexOf(path)
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await scratch[Symbol.asyncDispose]()
})

function pushIndexOf(path: string): void {
  const { manifests, tags } = registry.repository(path)
  const entries = PLATFORMS.map((platform) => {
    const digest = tags.get(platform.architecture)!
    const { mediaType, content } = manifests.get(digest)!
    return { mediaType, size: content.length, digest, platform }
  })
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries }))
  manifests.set(digestOf(content), { mediaType: 'application/vnd.oci.image.index.v1+json', content })
  tags.set('1', digestOf(content))
}

const resource = <S, T>(kind: string, spec: S, status: T) => ({ apiVersion: 'kpack.io/v1alpha2', kind, metadata: { name: 'x' }, spec, status })
const builder = (more: Partial<Builder['spec']> = {}): Builder => ({
  apiVersion: 'kpack.io/v1alpha2', kind: 'Builder', metadata: { name: 'b', namespace: 'dev' },
  spec: { tag: 'registry.example/out', stack: {}, order: [{ group: [{ id: 'test/java' }] }], ...more },
})

const contentCache = () => openContentCache(scratch.path, { budget: 1e9 })
type Cache = ReturnType<typeof contentCache>

async function resolveAll(platform: Platform, cache?: Cache): Promise<BuilderParts> {
  const services = { registries, platform, ...(cache ? { cache } : {}) }
  const stack = { id: 'test.stack', buildImage: { image: 'registry.example/base/build:1' }, runImage: { image: 'registry.example/base/run:1' } }
  const lifecycle = { image: 'registry.example/lifecycle:1' }
  const sources = [{ image: 'registry.example/java:1' }, { image: 'registry.example/curl:1' }]
  return {
    stack: resource('ClusterStack', stack, { ...(await resolveStack(stack, services, {})), observedGeneration: 3 }),
    lifecycle: resource('ClusterLifecycle', lifecycle, await resolveLifecycle(lifecycle, services, {})),
    store: resource('ClusterStore', { sources }, { ...(await resolveStore(sources, services, {}, {})), observedGeneration: 4 }),
  }
}

const accounts: (ServiceAccountReference | undefined)[] = []
const assemble = (of: Builder | ClusterBuilder, parts: readonly [BuilderParts, ...BuilderParts[]], options: AssemblyOptions = {}, cache?: Cache, save?: AssemblyServices['save']) => {
  const registriesOf = async (account: ServiceAccountReference | undefined): Promise<Registries> => {
    accounts.push(account)
    return registries
  }
  return assembleBuilder(of, parts, { registriesOf, platform: AMD64, save, ...(cache ? { cache } : {}) }, options, {})
}

const taken = (): SeenRequest[] => registry.requests.splice(0)
const formatted = (requests: SeenRequest[]): string[] => requests.filter(({ path }) => path !== '/v2/').map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').replace(/sha256:.*/, 'DIGEST')}`)
const isWrite = ({ method }: SeenRequest): boolean => !['GET', 'HEAD'].includes(method)
const found = async (reference: string, platform: Platform = AMD64) => (await openRegistryImages(registries, platform).find(reference))!

async function filesOf(reference: string, platform?: Platform): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const { layers } = await found(reference, platform)
  for (const { blob } of layers) {
    const content = registry.repository('out').blobs.get(blob!.descriptor.digest)!
    // The other layers have pseudorandom bytes.
    if (content[0] !== 0x1f || content[1] !== 0x8b) continue
    for await (const entry of readTar(Readable.from([gunzipSync(content)]), { source: 'a layer', invalid: 'CNB_IMAGE_INVALID' })) {
      const chunks: Buffer[] = []
      for await (const chunk of entry.content ?? []) chunks.push(chunk as Buffer)
      files.set(entry.name.toString(), Buffer.concat(chunks).toString())
    }
  }
  return files
}

describe('a builder', () => {
  test('has run.toml and image extensions, and OCI media types', async () => {
    const order = [{ group: [{ id: 'test/curl', optional: true }] }]
    const status = await assemble(builder({ orderExtensions: order }), [await resolveAll(AMD64)])
    expect(status).toMatchObject({ os: 'linux', observedStackGeneration: 3, observedStoreGeneration: 4, order: [{ group: [{ id: 'test/java', version: '1' }] }] })
    const files = await filesOf(status.latestImage!)
    const copy = `registry.example/out:builder-dev-b-run-image@${registry.repository('base/run').tags.get('amd64')}`
    expect(files.get('/cnb/run.toml')).toContain(`image = "${copy}"`)
    expect(files.get('/cnb/stack.toml')).toBe(`[run-image]\n  image = "${copy}"\n`)
    expect(files.get('/cnb/order.toml')).toContain('[[order-extensions]]\n\n  [[order-extensions.group]]\n    id = "test/curl"\n    version = "2"\n    optional = true\n')
    expect([...files.keys()]).toContain('/cnb/extensions')
    const { labels, manifest, config } = await found(status.latestImage!)
    expect(labels['io.buildpacks.extension.layers']).toContain('"test/curl":{"2":')
    expect(labels['io.buildpacks.buildpack.order-extensions']).toContain('test/curl')
    expect(JSON.parse(labels['io.buildpacks.builder.metadata']!)).toMatchObject({ createdBy: { name: 'cnb' }, extensions: [{ id: 'test/curl', version: '2' }], images: [{ image: copy, mirrors: null }] })
    expect(manifest.content.toString()).not.toContain('docker')
    expect(config.history).toHaveLength(config.rootfs.diff_ids.length)
  })

  test('moves no bytes of layers within a registry', async () => {
    const parts = await resolveAll(AMD64)
    taken()
    await assemble(builder(), [parts], {})
    const requests = taken()
    const paths = requests.filter(({ method }) => method === 'GET').map(({ path }) => path).filter((path) => path.includes('/blobs/'))
    // Only the configurations of the build image, the lifecycle and the run image.
    expect(paths).toHaveLength(3)
    expect(requests.filter(({ path }) => path.includes('mount='))).toHaveLength(5)
  })

  test('is not written again if nothing changed, and costs two requests with a cache', async () => {
    await using cache = contentCache()
    const parts = await resolveAll(AMD64, cache)
    const first = await assemble(builder(), [parts], {}, cache)
    taken()
    const again = await resolveAll(AMD64, cache)
    expect(formatted(taken()).sort()).toEqual(['HEAD /v2/base/build/manifests/1', 'HEAD /v2/base/run/manifests/1', 'HEAD /v2/curl/manifests/1', 'HEAD /v2/java/manifests/1', 'HEAD /v2/lifecycle/manifests/1'])
    expect(await assemble(builder(), [again], {}, cache)).toEqual(first)
    expect(formatted(taken())).toEqual(['HEAD /v2/out/manifests/builder-dev-b-run-image', 'HEAD /v2/out/manifests/builder-dev-b'])
  })

  test('mounts only new layers when one part changed', async () => {
    await assemble(builder(), [await resolveAll(AMD64)])
    store(registry, { ...imagesOf(AMD64)[3]!, layers: ['java-amd64:1', 'other:70'] })
    pushIndexOf('java')
    const parts = await resolveAll(AMD64)
    taken()
    await assemble(builder(), [parts])
    expect(taken().filter(({ path }) => path.includes('mount='))).toHaveLength(1)
  })

  test('is an index of several platforms, with an index of run images', async () => {
    const parts = [await resolveAll(AMD64), await resolveAll(ARM64)] as const
    const status = await assemble(builder(), parts)
    const tags = registry.repository('out').tags
    expect([...tags.keys()].sort()).toEqual(['builder-dev-b', 'builder-dev-b-run-image'])
    expect(status.latestImage).toBe(`registry.example/out:builder-dev-b@${tags.get('builder-dev-b')}`)
    for (const platform of PLATFORMS) {
      const own = await found('registry.example/out:builder-dev-b', platform)
      expect(own.platform).toMatchObject(platform)
      const runImage = (await filesOf('registry.example/out:builder-dev-b', platform)).get('/cnb/run.toml')!
      expect(runImage).toContain((await found('registry.example/out:builder-dev-b-run-image', platform)).manifest.descriptor.digest)
    }
    taken()
    await assemble(builder(), parts)
    expect(taken().filter(isWrite)).toEqual([])
  })

  test('reads each image with the service account of its resource', async () => {
    const parts = await resolveAll(AMD64)
    accounts.length = 0
    const withAccount = <T extends { spec: object }>(of: T, name: string): T => ({ ...of, spec: { ...of.spec, serviceAccountRef: { name, namespace: 'n' } } })
    await assemble(builder({ serviceAccountName: 'writer' }), [{ stack: withAccount(parts.stack, 'stack'), lifecycle: parts.lifecycle, store: withAccount(parts.store!, 'store') }])
    expect(new Set(accounts.map((account) => `${account?.namespace}/${account?.name}`))).toEqual(new Set(['n/stack', 'n/store', 'dev/writer']))
  })

  test('is saved on the engine, and nothing is written to registries', async () => {
    const parts = await resolveAll(AMD64)
    taken()
    const plans: ImagePlan[] = []
    const save = async (plan: ImagePlan): Promise<number> => plans.push(plan)
    const status = await assemble(builder(), [parts], {}, undefined, save)
    const [plan] = plans as [ImagePlan]
    const runImage = `registry.example/base/run@${registry.repository('base/run').tags.get('amd64')}`
    expect(status).toMatchObject({ latestImage: `registry.example/out:builder-dev-b@${digestOf(encodeImageConfig(plan.config))}`, stack: { runImage } })
    expect(plan.layers.map(({ diffId }) => diffId)).toEqual(plan.config.rootfs.diff_ids)
    expect([...plan.blobs!.values()].map(({ descriptor }) => descriptor.mediaType)).not.toContain(containing('docker'))
    // The other layers have pseudorandom bytes.
    const added = plan.layers.slice(-3)
    expect(await Promise.all(added.map(async (layer) => digestOf(await buffer(await layer.open()))))).toEqual(added.map(({ diffId }) => diffId))
    expect(taken().filter(isWrite)).toEqual([])
    expect(await assemble(builder(), [parts], { isPlan: true }, undefined, save)).toEqual(status)
    expect(plans).toHaveLength(1)
  })

  test('copies the layers of another registry', async () => {
    await using other = await new MemoryRegistry().start()
    const parts = await resolveAll(AMD64)
    await assemble(builder({ tag: `${other.address}/copy:1` }), [parts], { kpackCompatible: false })
    const { tags, blobs } = other.repository('copy')
    expect([...tags.keys()].sort()).toEqual(['1', '1-run-image'])
    expect(blobs.get(parts.store!.status!.buildpacks![0]!.digest!)).toHaveLength(2000)
  })

  test.each([
    ['a stack that is not resolved', (parts: BuilderParts) => ({ ...parts, stack: { ...parts.stack, status: {} } }), "Error: clusterstack 'x' is not ready"],
    ['a lifecycle that is not resolved', (parts: BuilderParts) => ({ ...parts, lifecycle: { ...parts.lifecycle, status: {} } }), "Error: clusterlifecycle 'x' is not ready"],
    ['a run image without a digest', (parts: BuilderParts) => ({ ...parts, stack: { ...parts.stack, status: { ...parts.stack.status, runImage: { latestImage: 'registry.example/base/run:1' } } } }), "the run image 'registry.example/base/run:1' has no digest"],
    ['a buildpack without a layer', (parts: BuilderParts) => ({ ...parts, store: { ...parts.store!, status: { buildpacks: [{ id: 'test/java', version: '1' }] } } }), "the status of buildpack 'test/java@1' does not say where its layer is"],
  ])('rejects %s, and writes nothing', async (_title, change, message) => {
    const parts = change(await resolveAll(AMD64))
    taken()
    await expect(assemble(builder(), [parts])).rejects.toThrow(message)
    expect(taken().filter(isWrite)).toEqual([])
  })
})

test.each([
  ['Builder', 'registry.example/out', 'builder-dev-b'],
  ['Builder', 'registry.example/out:latest', 'builder-dev-b'],
  ['Builder', 'registry.example/out:v1', 'v1'],
  ['ClusterBuilder', 'registry.example/out', 'clusterbuilder-b'],
])('names a %s with the tag %s', (kind, tag, expected) => {
  expect(builderTag({ ...builder({ tag }), kind }).tag).toBe(expected)
})
