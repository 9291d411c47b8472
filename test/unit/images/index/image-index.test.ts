import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { platformSuffix, saveIndexPart } from '../../../../src/images/index/image-index.ts'
import type { ImagePlan, SavedImage } from '../../../../src/images/image.ts'
import { LayerBlobs } from '../../../../src/images/layers/layer-blobs.ts'
import { openRegistryImages } from '../../../../src/images/remote/registry-source.ts'
import type { SinkServices } from '../../../../src/images/sinks/sink.ts'
import { toOciLayout } from '../../../../src/images/sinks/to-oci-layout.ts'
import { toRegistry } from '../../../../src/images/sinks/to-registry.ts'
import type { Descriptor } from '../../../../src/oci/descriptor.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import type { Platform } from '../../../../src/oci/platform.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { MemoryRegistry, refuse } from '../../../support/fakes/memory-registry.ts'
import { find, layerOf, makeDirectory, planOf } from '../../../support/images/layout-images.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM = { os: 'linux', architecture: 'arm', variant: 'v7', osVersion: '1.2' }

let memory: MemoryRegistry
let client: TestClient

beforeEach(async () => {
  memory = await new MemoryRegistry().start()
  client = openClient()
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await memory[Symbol.asyncDispose]()
})

function planFor({ osVersion, ...platform }: Platform, names: readonly string[]): ImagePlan {
  const plan = planOf([layerOf('base'), layerOf(platform.architecture)], { names })
  return { ...plan, config: { ...plan.config, ...platform, ...(osVersion ? { 'os.version': osVersion } : {}) } }
}

/** Saves an index of images for both platforms to a kind of sink. */
async function saveBoth(sink: ReturnType<typeof toRegistry> | ReturnType<typeof toOciLayout>, names: readonly string[], suffixed = false): Promise<SavedImage> {
  await using blobs = new LayerBlobs()
  const services = { registries: client.registries, blobs } as SinkServices
  const images: Descriptor[] = []
  for (const platform of [AMD64, ARM]) {
    const suffix = suffixed ? platformSuffix(platform) : undefined
    images.push(await saveIndexPart(sink.open(services), planFor(platform, names), suffix, client.context))
  }
  return await sink.openIndexes!(services).save({ images, tags: names.map((name) => parseTag(name)) }, client.context)
}

const inRegistry = (...names: string[]): string[] => names.map((name) => `${memory.address}/${name}`)
const tagsOf = (name: string): Record<string, string> => Object.fromEntries(memory.repository(name).tags)

test('publishes an index under all names, with images that have no tag', async () => {
  const { id, repoDigests, manifest, tags } = await saveBoth(toRegistry(), inRegistry('app:1', 'other:2'))
  const { digest } = manifest!
  expect({ id, repoDigests, tags }).toEqual({ id: `${memory.address}/app@${digest}`, repoDigests: inRegistry(`app@${digest}`, `other@${digest}`), tags: inRegistry('app:1', 'other:2') })
  expect([tagsOf('app'), tagsOf('other')]).toEqual([{ 1: digest }, { 2: digest }])
  for (const platform of [AMD64, ARM]) {
    const image = await openRegistryImages(client.registries, platform).find(inRegistry('other:2')[0]!)
    expect(image).toMatchObject({ platform: { architecture: platform.architecture }, index: { descriptor: { digest } } })
  }
  const { manifests } = JSON.parse(memory.repository('app').manifests.get(digest)!.content.toString()) as { manifests: Descriptor[] }
  expect(manifests.map((entry) => entry.platform)).toEqual([
    { architecture: 'amd64', os: 'linux' },
    { architecture: 'arm', os: 'linux', 'os.version': '1.2', variant: 'v7' },
  ])
})

test('names the images by the suffix of their platforms', async () => {
  const { manifest } = await saveBoth(toRegistry(), inRegistry('app:1', 'app'), true)
  const { 1: index, latest, ...parts } = tagsOf('app')
  expect([index, latest]).toEqual([manifest!.digest, manifest!.digest])
  expect(Object.keys(parts).sort()).toEqual(['1-linux-amd64', '1-linux-arm-v7', 'linux-amd64', 'linux-arm-v7'])
})

test('saves the same index to a layout, which lists only the index', async () => {
  const directory = await makeDirectory()
  const published = await saveBoth(toRegistry(), inRegistry('app:1'))
  const saved = await saveBoth(toOciLayout(`oci:${directory}`, { cwd: '/', sparse: false }), inRegistry('app:1'))
  expect(saved).toMatchObject({ id: `oci:${directory}@${published.manifest!.digest}`, tags: [`oci:${directory}:1`], manifest: published.manifest })
  expect((await find(`oci:${directory}`))?.platform.architecture).toBe('amd64')
  expect((await find(`oci:${directory}:1`, ARM))?.platform.architecture).toBe('arm')
  expect(await readdir(join(directory, 'blobs/sha256'))).toHaveLength(3 + 2 + 2 + 1)
})

test.each([/manifests\/sha256/, /blobs/])('sets no name if the registry rejects %s of the second image', async (path) => {
  let puts = 0
  memory.intercept = (request, response, url) => {
    if (request.method !== 'PUT' || !path.test(url.pathname) || ++puts < 2) return false
    request.resume().on('end', () => refuse(response, 403, 'DENIED', 'not yours'))
    return true
  }
  await expect(saveBoth(toRegistry(), inRegistry('app:1'))).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
  expect(tagsOf('app')).toEqual({})
})

test('never saves an index that lists a missing image', async () => {
  const directory = await makeDirectory()
  const images = [{ mediaType: 'x', digest: digestOf('missing'), size: 7, platform: AMD64 }]
  const [tag] = inRegistry('app:1')
  const missing = { code: 'CNB_IMAGE_INVALID', message: expect.stringContaining(`lacks its image ${digestOf('missing')}`) as string }
  await expect(toRegistry().openIndexes(client).save({ images, tags: [parseTag(tag!)] }, client.context)).rejects.toMatchObject(missing)
  expect(tagsOf('app')).toEqual({})
  const layout = toOciLayout(`oci:${directory}`, { cwd: '/', sparse: false })
  await expect(layout.openIndexes!(client).save({ images, tags: [parseTag(tag!)] })).rejects.toMatchObject(missing)
  expect(await find(`oci:${directory}`)).toBeUndefined()
})

test('rejects a suffix that makes a tag too long', async () => {
  await expect(saveBoth(toRegistry(), inRegistry(`app:${'x'.repeat(120)}`), true)).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
})
