import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ImagePlan, Layer, SavedImage } from '../../../../src/images/image.ts'
import { LayerBlobs } from '../../../../src/images/layers/layer-blobs.ts'
import { saveToRegistry } from '../../../../src/images/remote/registry-sink.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { parseReference } from '../../../../src/oci/reference.ts'
import { OCI_LAYER } from '../../../../src/oci/media-types.ts'
import { MemoryRegistry, refuse } from '../../../support/fakes/memory-registry.ts'
import { layerOf, planOf } from '../../../support/images/layout-images.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

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

/** Saves a plan under names in the registry, such as `app:1`. */
async function save(layers: readonly Layer[], ...names: string[]): Promise<SavedImage> {
  await using blobs = new LayerBlobs()
  const plan: ImagePlan = planOf(layers, { names: names.map((name) => `${memory.address}/${name}`) })
  return await saveToRegistry(client.registries, plan, blobs, client.context)
}

/** A layer recorded for a repository, which may not have it. `open` reads it from another source. */
function knownLayer(content: string, repository = 'app'): Layer {
  const stored = gzipSync(content)
  const descriptor = { mediaType: `${OCI_LAYER}+gzip`, digest: digestOf(stored), size: stored.length }
  const blob = { descriptor, repository: `${memory.address}/${repository}`, open: async () => Readable.from([stored], { objectMode: false }) }
  return { ...layerOf(content), blob }
}

test('does not send a layer again that was sent while it was compressed', async () => {
  await using blobs = new LayerBlobs()
  const reference = parseReference(`${memory.address}/app:1`)
  blobs.sendEarlyTo({
    name: `${memory.address}/app`,
    send: () => Promise.reject(new Error('it is sent complete')),
    upload: (source, context) => client.registries.repository(reference, 'push').uploadStream(source, context),
  })
  const content = randomBytes(6 * 1024 * 1024)
  {
    await using copy = await blobs.copy(client.context)
    await copy.write(content)
    await copy.finish(digestOf(content))
  }
  const layer: Layer = { diffId: digestOf(content), open: () => Promise.reject(new Error('it is read again')) }
  const save = (): Promise<SavedImage> => saveToRegistry(client.registries, planOf([layer], { names: [`${memory.address}/app:1`] }), blobs, client.context)
  await save()
  // The layer in pieces, and the configuration.
  expect(memory.takeRequests().filter((request) => /^(POST|PATCH) /.test(request)).map((request) => request.split(' ')[0]).sort()).toEqual(['PATCH', 'POST', 'POST'])
  expect(memory.repository('app').blobs.size).toBe(2)
})

describe("a layer of the run image's repository", () => {
  /** Publishes the layer after a previous image that has it as the given blob. Returns the number of uploads and mounts, if the registry accepts the manifest. */
  async function sendingsAfter(held: Layer): Promise<number> {
    const layer = knownLayer('base', 'run')
    memory.repository('run').blobs.set(layer.blob!.descriptor.digest, gzipSync('base'))
    memory.repository('app').blobs.set(held.blob!.descriptor.digest, gzipSync('base'))
    await using blobs = new LayerBlobs()
    const plan = planOf([layer], { names: [`${memory.address}/app:1`] })
    await saveToRegistry(client.registries, { ...plan, previous: { ...plan.base!, layers: [held] } }, blobs, client.context)
    expect(memory.repository('app').blobs.has(layer.blob!.descriptor.digest)).toBe(true)
    const requests = memory.takeRequests()
    expect(requests.filter((request) => request.startsWith('PUT ') && request.includes('/manifests/'))).toHaveLength(1)
    return requests.filter((request) => request.startsWith('POST ')).length
  }

  test('is not mounted again if the previous image has it', async () => {
    // The configuration only.
    expect(await sendingsAfter(knownLayer('base'))).toBe(1)
  })

  test('is mounted if the previous image has other bytes of it', async () => {
    const stored = knownLayer('base')
    const descriptor = { ...stored.blob!.descriptor, digest: digestOf('compressed in another way') }
    expect(await sendingsAfter({ ...stored, blob: { ...stored.blob!, descriptor } })).toBe(2)
  })

  test('is mounted if the previous image is in another repository', async () => {
    expect(await sendingsAfter(knownLayer('base', 'elsewhere'))).toBe(2)
  })
})

test('checks the presence of small blobs only if the name is not new, and always that of large ones', async () => {
  const heads = async (isFirst: boolean): Promise<number> => {
    await using blobs = new LayerBlobs()
    const layers = [layerOf('small'), layerOf(randomBytes(100_000).toString('latin1'))]
    await saveToRegistry(client.registries, { ...planOf(layers, { names: [`${memory.address}/app:1`] }), isFirst }, blobs, client.context)
    return memory.takeRequests().filter((request) => request.startsWith('HEAD ')).length
  }
  expect(await heads(true)).toBe(1)
  expect(await heads(false)).toBe(3)
})

/** Rejects PUT requests with matching paths. */
function refusePuts(names: RegExp, status = 403): void {
  memory.intercept = (request, response, url) => {
    if (request.method !== 'PUT' || !names.test(url.pathname)) return false
    request.resume().on('end', () => refuse(response, status, 'DENIED', 'not yours'))
    return true
  }
}

const puts = (): string[] => memory.takeRequests().filter((request) => /^PUT .*\/manifests\//.test(request))
const tagsOf = (name: string): Record<string, string> => Object.fromEntries(memory.repository(name).tags)

test('puts each tag once, in order, after the blobs of all repositories', async () => {
  const saved = await save([layerOf('base'), layerOf('app')], 'app:1', 'other:2', 'app:3')
  const requests = memory.takeRequests()
  const firstTag = requests.findIndex((request) => request.includes('/manifests/'))
  expect(requests.slice(firstTag)).toEqual(['PUT /v2/app/manifests/1', 'PUT /v2/other/manifests/2', 'PUT /v2/app/manifests/3'])
  expect([...memory.repository('other').blobs.keys()].sort()).toEqual([...memory.repository('app').blobs.keys()].sort())
  const digest = saved.manifest!.digest
  expect([tagsOf('app'), tagsOf('other')]).toEqual([{ 1: digest, 3: digest }, { 2: digest }])
  expect(saved).toMatchObject({ id: `${memory.address}/app@${digest}`, repoDigests: ['app', 'other'].map((name) => `${memory.address}/${name}@${digest}`) })
})

test.each([400, 404])('checks all blobs and sends missing ones after a rejection of the manifest with %i', async (status) => {
  await save([layerOf('base')], 'app:1')
  memory.takeRequests()
  let refused = false
  memory.intercept = (request, response, url) => {
    const lacks = request.method === 'PUT' && url.pathname.includes('/manifests/') && !refused
    if (lacks) request.resume().on('end', () => refuse(response, status, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown'))
    refused ||= lacks
    return lacks
  }
  const saved = await save([knownLayer('base'), knownLayer('lost')], 'app:2')
  expect(puts()).toEqual(['PUT /v2/app/manifests/2', 'PUT /v2/app/manifests/2'])
  expect(tagsOf('app')['2']).toBe(saved.manifest?.digest)
  expect(memory.repository('app').blobs.size).toBe(4)
  expect(client.events.join('\n')).toContain('checking all blobs')
})

describe('keeps the tags unchanged', () => {
  let before: Record<string, string>

  beforeEach(async () => {
    await save([layerOf('base')], 'app:1', 'app:2')
    memory.takeRequests()
    before = tagsOf('app')
  })

  afterEach(() => expect(tagsOf('app')).toEqual(before))

  test('still throws if a layer cannot be read', async () => {
    const broken: Layer = { ...layerOf('broken'), open: () => Promise.reject(new Error('it is gone')) }
    await expect(save([layerOf('base'), broken], 'app:1', 'app:2')).rejects.toThrow('it is gone')
    expect(puts()).toEqual([])
  })

  test('still throws if a repository rejects a blob', async () => {
    refusePuts(/other\/blobs/)
    await expect(save([layerOf('new')], 'app:1', 'other:2')).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
    expect(puts()).toEqual([])
  })

  test.each([403, 405])('puts the manifest once if the registry rejects it with %i', async (status) => {
    refusePuts(/manifests/, status)
    await expect(save([layerOf('new')], 'app:1', 'app:2')).rejects.toMatchObject({ message: expect.not.stringContaining('published') as string })
    expect(puts()).toEqual(['PUT /v2/app/manifests/1'])
  })

  test('rejects a name with a digest', async () => {
    await expect(save([layerOf('new')], 'app:1', `app@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
    expect(memory.takeRequests()).toEqual([])
  })
})

test('lists the published tags and the failed tag after a rejection of a later tag', async () => {
  const { manifest } = await save([layerOf('old')], 'app:1', 'app:2', 'app:3', 'app:4')
  refusePuts(/manifests\/3/)
  const { address } = memory
  await expect(save([layerOf('new')], 'app:1', 'app:2', 'app:3', 'app:4')).rejects.toMatchObject({
    code: 'CNB_REGISTRY_DENIED',
    message: expect.stringMatching(`^the image is published as ${address}/app:1, ${address}/app:2, but not as ${address}/app:3: .*not yours`) as string,
  })
  const { 1: first, 2: second, 3: third, 4: fourth } = tagsOf('app')
  expect([third, fourth]).toEqual([manifest?.digest, manifest?.digest])
  expect(first).toBe(second)
  expect(first).not.toBe(third)
})
