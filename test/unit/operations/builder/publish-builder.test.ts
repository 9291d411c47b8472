/** Builders in registries and layouts, for one or several platforms. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { openRegistryImages } from '../../../../src/images/remote/registry-source.ts'
import type { StoredImage } from '../../../../src/images/stored-image.ts'
import type { ContainerConfig } from '../../../../src/oci/config.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import type { Platform } from '../../../../src/oci/platform.ts'
import { createBuilder, type CreateBuilderOptions } from '../../../../src/operations/builder/create-builder.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { find } from '../../../support/images/layout-images.ts'
import { pushImage, pushIndex } from '../../../support/images/push-image.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'
import { writeLifecycle } from '../../builder/lifecycle-files.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM64 = { os: 'linux', architecture: 'arm64' }

let scratch: TemporaryDirectory
let registry: MemoryRegistry
let client: TestClient
let events: CnbEvent[]

const entry = (name: string, content: string) => ({ type: 'file' as const, name, mode: 0o755, uid: 0, gid: 0, mtime: 0, size: content.length, content: Buffer.from(content) })

/** Pushes the package of a buildpack for one platform, with a large file. */
async function pushPackage(id: string, platform: Platform, tag: string) {
  const root = `/cnb/buildpacks/${id.replace('/', '_')}/1`
  const files = [entry(`${root}/buildpack.toml`, `api = "0.11"\n[buildpack]\nid = "${id}"\nversion = "1"\n`), entry(`${root}/bin/build`, `${platform.architecture}${'x'.repeat(50_000)}`), entry(`${root}/bin/detect`, '')]
  const layer = await buffer(packTar(files))
  const config = {
    Labels: {
      'io.buildpacks.buildpackage.metadata': JSON.stringify({ id, version: '1' }),
      'io.buildpacks.buildpack.layers': JSON.stringify({ [id]: { 1: { api: '0.11', layerDiffID: digestOf(layer) } } }),
    },
  }
  return pushImage(client.registries, `${registry.address}/${tag}`, { layers: [layer], config, platform })
}

beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  registry = await new MemoryRegistry().start()
  client = openClient()
  events = []
  const build = { Env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'], User: '1001:1000' }
  for (const [name, config] of [['build', build], ['run', { Env: ['PATH=/bin'] }]] as [string, ContainerConfig][]) {
    const images = []
    for (const platform of [AMD64, ARM64]) {
      images.push(await pushImage(client.registries, `${registry.address}/${name}:${platform.architecture}`, { layers: [Buffer.from(`${name} ${platform.architecture}`)], config, platform }))
    }
    await pushIndex(client.registries, `${registry.address}/${name}:1`, images)
  }
  for (const name of ['one', 'two']) {
    const images = []
    for (const platform of [AMD64, ARM64]) images.push(await pushPackage(`acme/${name}`, platform, `${name}:${platform.architecture}`))
    await pushIndex(client.registries, `${registry.address}/${name}:1`, images)
  }
  await writeLifecycle(join(scratch.path, 'lifecycle'))
  await mkdir(join(scratch.path, 'folders/linux/amd64/bin'), { recursive: true })
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await scratch[Symbol.asyncDispose]()
})

async function create(options: Partial<CreateBuilderOptions> = {}, more = '') {
  const { address } = registry
  const toml = `${more}
[[buildpacks]]
uri = "docker://${address}/one:1"
[[buildpacks]]
image = "${address}/two:1"
[[order]]
group = [{ id = "acme/one" }, { id = "acme/two" }]
[build]
image = "${address}/build:1"
[[run.images]]
image = "${address}/run:1"
[lifecycle]
uri = "lifecycle"
`
  await writeFile(join(scratch.path, 'builder.toml'), toml)
  const host = { env: {}, cwd: scratch.path, home: scratch.path }
  const services = () => Promise.reject(new Error('no engine is needed'))
  const remote = { host, platform: AMD64, keychain: async () => async () => undefined, registries: async () => client.registries }
  const given = { image: `${address}/builder:2`, config: 'builder.toml', publish: options.to === undefined, ...options }
  return createBuilder(given, { services, remote }, { events: (event) => events.push(event) })
}

const found = async (name: string, platform: Platform): Promise<StoredImage> => (await openRegistryImages(client.registries, platform).find(`${registry.address}/${name}`))!
const tags = (): Record<string, string> => Object.fromEntries(registry.repository('builder').tags)
const warnings = (): string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

test('publishes a builder without an engine, and mounts the layers of images in the same registry', async () => {
  const from = registry.requests.length
  const result = await create()
  const requests = registry.requests.slice(from)
  const digest = tags()['2']
  expect(result).toMatchObject({ places: ['registry'], reference: `${registry.address}/builder@${digest}`, buildpacks: [{ id: 'acme/one', version: '1' }, { id: 'acme/two', version: '1' }] })
  expect(result.platforms).toBeUndefined()
  const builder = await found('builder:2', AMD64)
  const layers = [...(await found('build:1', AMD64)).layers, ...(await found('one:1', AMD64)).layers, ...(await found('two:1', AMD64)).layers].map(({ blob }) => blob!.descriptor.digest)
  expect(builder.layers.map(({ blob }) => blob?.descriptor.digest)).toEqual(expect.arrayContaining(layers))
  for (const layer of layers) {
    const about = requests.filter(({ path }) => decodeURIComponent(path).includes(layer))
    expect(about.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`)).toEqual(['POST /v2/builder/blobs/uploads/'])
  }
})

test('sends only the manifest of a builder that is published already', async () => {
  await create()
  const before = await found('builder:2', AMD64)
  const from = registry.requests.length
  await create()
  expect((await found('builder:2', AMD64)).manifest).toEqual(before.manifest)
  const writes = registry.requests.slice(from).filter(({ method }) => method === 'PUT' || method === 'PATCH')
  expect(writes.map(({ path }) => path)).toEqual(['/v2/builder/manifests/2'])
  expect(registry.requests.slice(from).filter(({ path }) => path.includes('mount='))).toEqual([])
})

test('sends the blobs that a published builder has lost', async () => {
  await create()
  const before = await found('builder:2', AMD64)
  registry.repository('builder').blobs.clear()
  await create()
  const after = await found('builder:2', AMD64)
  expect(after.layers.map(({ diffId }) => diffId)).toEqual(before.layers.map(({ diffId }) => diffId))
  for (const layer of after.layers) await buffer(await layer.open())
})

test('uses no blobs of a published builder with another configuration', async () => {
  await create()
  const first = (await found('builder:2', AMD64)).manifest
  await create({ labels: ['a=b'] })
  expect((await found('builder:2', AMD64)).manifest.descriptor).not.toEqual(first.descriptor)
  await create()
  expect((await found('builder:2', AMD64)).manifest).toEqual(first)
})

test.each([[['linux/amd64', 'linux/arm64'], ''], [undefined, '[[targets]]\nos = "linux"\narch = "amd64"\n[[targets]]\nos = "linux"\narch = "arm64"\n']])(
  'publishes an index with the packages of each platform: targets %j',
  async (targets, toml) => {
    const result = await create({ ...(targets ? { targets } : {}), tags: [`${registry.address}/builder:3`] }, toml)
    expect(tags()).toEqual({ 2: result.id.replace(/.*@/, ''), 3: result.id.replace(/.*@/, '') })
    expect(result.platforms?.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64'])
    for (const [at, platform] of [AMD64, ARM64].entries()) {
      const image = await found('builder:2', platform)
      expect(image.manifest.descriptor.digest).toBe(result.platforms?.[at]?.digest)
      const [layer] = (await found('one:1', platform)).layers
      expect(image.layers.map(({ diffId }) => diffId)).toContain(layer?.diffId)
    }
  },
)

test('names the images of an index by their platforms with --append-image-name-suffix', async () => {
  await create({ targets: ['linux/amd64', 'linux/arm64'], appendImageNameSuffix: true })
  expect(Object.keys(tags()).sort()).toEqual(['2', '2-linux-amd64', '2-linux-arm64'])
  await create({ appendImageNameSuffix: true })
  expect(warnings()).toEqual([expect.stringContaining('--append-image-name-suffix is ignored')])
})

test('saves the same index to a layout', async () => {
  const { id } = await create({ targets: ['linux/amd64', 'linux/arm64'] })
  const saved = await create({ targets: ['linux/amd64', 'linux/arm64'], to: ['oci:layout'] })
  expect(saved.id.replace(/.*@/, '')).toBe(id.replace(/.*@/, ''))
  expect((await find(`oci:${scratch.path}/layout:2`, ARM64))?.platform.architecture).toBe('arm64')
})

test('puts flattened buildpacks into one layer, before the others', async () => {
  await create({ flatten: ['acme/one@1,acme/two@1', 'acme/three@1'] })
  const builder = await found('builder:2', AMD64)
  const label = JSON.parse(builder.labels['io.buildpacks.buildpack.layers']!) as Record<string, Record<string, { layerDiffID: string }>>
  const [one, two] = ['acme/one', 'acme/two'].map((id) => label[id]?.['1']?.layerDiffID)
  expect(one).toBe(two)
  expect(builder.layers.filter(({ diffId }) => diffId === one)).toHaveLength(1)
  expect(warnings()).toEqual(["--flatten names 'acme/three@1', which is not in the builder"])
})

test.each<[string, Partial<CreateBuilderOptions>, string]>([
  ['several targets on the engine and elsewhere', { to: ['engine', 'registry'], targets: ['linux/amd64', 'linux/arm64'] }, 'no engine'],
  ['a target without an image', { targets: ['linux/s390x'] }, 'linux/s390x'],
  ['a malformed target', { targets: ['linux/amd64/v1/x'] }, '--target'],
  ['images that must not be pulled', { pullPolicy: 'never' }, '--pull-policy never'],
  ['a malformed group', { flatten: ['acme/one'] }, 'id@version'],
])('refuses %s, and publishes nothing', async (_, options, message) => {
  await expect(create(options)).rejects.toThrow(message)
  expect(tags()).toEqual({})
})
