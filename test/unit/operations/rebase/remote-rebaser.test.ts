import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ImageManifest } from '../../../../src/oci/manifest.ts'
import { RemoteRebaser, type RemoteRebaseOptions } from '../../../../src/operations/rebase/remote-rebaser.ts'
import { MemoryRegistry, refuse } from '../../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'
import { getDocument, makeLayer, putApp, putIndex, putRunImage, type AppData, type ImageRegistry } from '../../../support/images/registry-images.ts'
import { sendRequest } from '../../../support/registry/send-request.ts'

const OLD = [makeLayer('os'), makeLayer('old')]
const NEW = [makeLayer('os'), makeLayer('new')]
const OWN = [makeLayer('dependency'), makeLayer('launcher'), makeLayer('app')]

let memory: MemoryRegistry
let registry: ImageRegistry
let client: TestClient
let rebaser: RemoteRebaser

beforeEach(async () => {
  memory = await new MemoryRegistry().start()
  const { address } = memory
  registry = { address, request: (method, path, options) => sendRequest(method, `http://${address}${path}`, options) }
  client = openClient()
  rebaser = new RemoteRebaser(client.registries)
  await putRunImage(registry, 'run', 'latest', { layers: NEW })
  memory.takeRequests()
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await memory[Symbol.asyncDispose]()
})

/** Stores an app in the registry, and clears the recorded requests. */
async function app(name: string, more: Partial<AppData> = {}): Promise<string> {
  await putApp(registry, name, '1', { base: OLD, own: OWN, runImage: `${memory.address}/run`, ...more })
  memory.takeRequests()
  return `${memory.address}/${name}:1`
}

const rebase = (image: string, more: Partial<RemoteRebaseOptions> = {}) => rebaser.rebase({ image, ...more }, client.context)
const requests = (): string[] => memory.takeRequests().map((line) => line.replace(/(uploads\/|sha256:).+/, '$1'))
const layersOf = async (name: string) => (await getDocument<ImageManifest>(registry, name, '1'))?.document.layers.map(({ digest }) => digest)

test('sends six requests per image after the first, plus one per new layer of the repository', async () => {
  await rebase(await app('one'))
  await rebase(await app('two'))
  expect(requests().sort()).toEqual([
    'GET /v2/two/blobs/sha256:', 'GET /v2/two/manifests/1', 'POST /v2/two/blobs/uploads/', 'POST /v2/two/blobs/uploads/', 'PUT /v2/two/blobs/uploads/', 'PUT /v2/two/manifests/1',
  ])
  expect(rebaser.blobs).toMatchObject({ mounted: 2, copiedBytes: 0 })
})

test('sets all tags of the repository to the result, with one request more for each', async () => {
  await rebase(await app('first'))
  const name = await app('app')
  await rebase(name, { tags: [`${memory.address}/app:2`] })
  expect(requests()).toHaveLength(7)
  const { tags } = memory.repository('app')
  expect(tags.get('2')).toBe(tags.get('1'))
})

test('does not mount a layer again that an earlier image brought to the repository', async () => {
  const name = await app('app')
  await rebase(name)
  await putApp(registry, 'app', '1', { base: OLD, own: OWN, runImage: `${memory.address}/run`, labels: { second: 'yes' } })
  await rebase(name)
  expect(rebaser.blobs.mounted).toBe(1)
})

test('mounts a layer again that the registry has lost', async () => {
  const name = await app('app')
  memory.repository('app').blobs.delete(OLD[0]!.descriptor.digest)
  await rebase(name)
  expect(memory.repository('app').blobs.has(NEW[0]!.descriptor.digest)).toBe(true)
  expect(await layersOf('app')).toEqual([...NEW, ...OWN].map(({ descriptor }) => descriptor.digest))
})

test('moves the tag of an index after its images, and not at all if a layer or an image is refused', async () => {
  const children = await Promise.all(['amd64', 'arm64'].map((architecture) =>
    putApp(registry, 'index', architecture, { base: OLD, own: OWN, runImage: `${memory.address}/run`, platform: { os: 'linux', architecture } })))
  await putIndex(registry, 'index', '1', children.map((child, at) => ({ ...child, platform: { os: 'linux', architecture: ['amd64', 'arm64'][at] } })))
  const before = memory.repository('index').tags.get('1')
  const name = `${memory.address}/index:1`
  const run = { runImage: `${memory.address}/run`, force: true }
  for (const refused of [/\/blobs\/uploads/, /manifests\/sha256:/]) {
    memory.intercept = (request, response, url) => {
      if (request.method === 'GET' || !url.pathname.startsWith('/v2/index/') || !refused.test(url.pathname)) return false
      request.resume().on('end', () => refuse(response, 403, 'DENIED', 'not yours'))
      return true
    }
    memory.takeRequests()
    await expect(rebase(name, run)).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
    expect(requests()).not.toContain('PUT /v2/index/manifests/1')
    expect(memory.repository('index').tags.get('1')).toBe(before)
  }
  memory.intercept = undefined
  await rebase(name, run)
  expect(requests().filter((line) => /PUT .*manifests/.test(line))).toEqual(['PUT /v2/index/manifests/sha256:', 'PUT /v2/index/manifests/sha256:', 'PUT /v2/index/manifests/1'])
})

test('rebases the images of nested indexes, and drops attestations', async () => {
  const platform = { os: 'linux', architecture: 'amd64' }
  const child = await putApp(registry, 'index', 'child', { base: OLD, own: OWN, runImage: `${memory.address}/run`, platform })
  const about = { ...(await putApp(registry, 'index', 'about', { base: OLD, own: OWN, runImage: 'x' })), platform: { os: 'unknown', architecture: 'unknown' } }
  const inner = await putIndex(registry, 'index', 'inner', [{ ...child, platform }, about])
  await putIndex(registry, 'index', '1', [inner, about])
  const { id, changed } = await rebase(`${memory.address}/index:1`)
  expect(changed).toBe(true)
  const { manifests } = memory.repository('index')
  const listed = (digest: string): { digest: string }[] => (JSON.parse(manifests.get(digest)!.content.toString()) as { manifests: { digest: string }[] }).manifests
  const [nested, ...others] = listed(id.replace(/.*@/, ''))
  expect(others).toEqual([])
  const images = listed(nested!.digest)
  expect(images).toHaveLength(1)
  expect(images[0]).toMatchObject({ platform, digest: expect.not.stringMatching(child.digest) as string })
  expect(manifests.has(images[0]!.digest)).toBe(true)
})

test('retries a failed layer for the next image', async () => {
  const name = await app('app')
  memory.intercept = (request, response) => request.method === 'POST' && Boolean(response.writeHead(403).end('{"errors":[{"code":"DENIED"}]}'))
  await expect(rebase(name)).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
  expect(await layersOf('app')).toEqual([...OLD, ...OWN].map(({ descriptor }) => descriptor.digest))
  memory.intercept = undefined
  await rebase(name)
  expect(await layersOf('app')).toEqual([...NEW, ...OWN].map(({ descriptor }) => descriptor.digest))
})

test('warns once of a rule that --force overrides', async () => {
  const other = `${memory.address}/other`
  await putRunImage(registry, 'other', 'latest', { layers: NEW })
  for (const name of ['one', 'two']) await rebase(await app(name), { runImage: other, force: true })
  expect(client.events.filter((event) => event.includes('"warning"'))).toHaveLength(1)
})

test("uses the user's mirror of a run image, and records the mirrored name", async () => {
  const mirror = `${memory.address}/mirror`
  await putRunImage(registry, 'mirror', 'latest', { layers: NEW })
  const name = await app('app', { runImage: 'registry.invalid/run' })
  rebaser = new RemoteRebaser(client.registries, { runImages: [{ image: 'registry.invalid/run', mirrors: [mirror] }] })
  expect(await rebase(name)).toMatchObject({ runImage: mirror, changed: true })
})

test.each([[1, '1 attestation of'], [2, '2 attestations of']])('warns that it omits attestations: %d', async (count, text) => {
  const child = await putApp(registry, 'index', 'child', { base: OLD, own: OWN, runImage: `${memory.address}/run` })
  const attestation = { ...child, platform: { os: 'unknown', architecture: 'unknown' } }
  await putIndex(registry, 'index', '1', [child, ...Array<object>(count).fill(attestation)])
  await rebase(`${memory.address}/index:1`)
  const warnings = client.events.filter((event) => event.includes('"warning"'))
  expect(warnings).toEqual([expect.stringContaining(`${text} '${memory.address}/index:1' omitted, because`)])
})

test('requests an unavailable run image once', async () => {
  const [one, two] = [await app('one', { runImage: `${memory.address}/gone` }), await app('two', { runImage: `${memory.address}/gone` })]
  for (const name of [one, two]) await expect(rebase(name)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
  expect(requests().filter((line) => line.includes('/gone/'))).toHaveLength(1)
})

describe('an invalid image', () => {
  afterEach(() => expect(requests().filter((line) => !line.startsWith('GET'))).toEqual([]))

  test('is refused if its name has a digest', async () => {
    await expect(rebase(`${memory.address}/app@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
  })

  test('is refused if its index is empty', async () => {
    await putIndex(registry, 'index', '1', [])
    memory.takeRequests()
    await expect(rebase(`${memory.address}/index:1`)).rejects.toMatchObject({ code: 'CNB_NOT_REBASABLE' })
  })

  test('is refused if its index lists a missing image', async () => {
    const child = await putApp(registry, 'index', 'child', { base: OLD, own: OWN, runImage: `${memory.address}/run` })
    await putIndex(registry, 'index', '1', [child])
    memory.repository('index').manifests.delete(child.digest)
    memory.takeRequests()
    await expect(rebase(`${memory.address}/index:1`)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: expect.stringContaining(`lists ${child.digest}, which does not exist`) as string })
  })

  test('is refused if its index has no image in too many indexes, or only empty indexes', async () => {
    let inner = await putIndex(registry, 'index', 'inner', [])
    await putIndex(registry, 'index', '1', [inner])
    memory.takeRequests()
    await expect(rebase(`${memory.address}/index:1`)).rejects.toMatchObject({ code: 'CNB_NOT_REBASABLE' })
    for (let level = 0; level < 5; level++) inner = await putIndex(registry, 'index', '1', [inner])
    memory.takeRequests()
    await expect(rebase(`${memory.address}/index:1`)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
  })

  test('is refused if no lifecycle built it', async () => {
    await expect(rebase(`${memory.address}/run:latest`)).rejects.toMatchObject({ code: 'CNB_NOT_REBASABLE' })
  })
})
