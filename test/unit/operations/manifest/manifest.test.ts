/** `cnb manifest` with an in-memory registry. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { openRegistryImages } from '../../../../src/images/remote/registry-source.ts'
import type { Descriptor } from '../../../../src/oci/descriptor.ts'
import {
  addToManifest, annotateManifest, createManifest, inspectManifest, pushManifest, removeFromManifest, removeManifests,
} from '../../../../src/operations/manifest/manifest.ts'
import type { RegistryServices, RegistrySettings } from '../../../../src/operations/services.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { layerOf, planOf, save } from '../../../support/images/layout-images.ts'
import { pushImage } from '../../../support/images/push-image.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM64 = { os: 'linux', architecture: 'arm64' }

let scratch: TemporaryDirectory
let registry: MemoryRegistry
let client: TestClient
let remote: RegistryServices
let settings: RegistrySettings[]
let list: string
let images: Descriptor[]

const named = (name: string): string => `${registry.address}/${name}`

beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  registry = await new MemoryRegistry().start()
  client = openClient()
  settings = []
  const registries = async (wanted: RegistrySettings) => (settings.push(wanted), client.registries)
  remote = { host: { env: {}, cwd: scratch.path, home: scratch.path }, platform: AMD64, keychain: async () => async () => undefined, registries }
  list = named('app:1')
  images = []
  for (const [name, platform] of [['app', AMD64], ['other', ARM64]] as const) {
    images.push(await pushImage(client.registries, named(`${name}:${platform.architecture}`), { layers: [Buffer.from(platform.architecture)], platform }))
  }
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await scratch[Symbol.asyncDispose]()
})

const create = (name = list, options = {}) => createManifest(name, [named('app:amd64'), named('other:arm64')], options, remote, {})
const entries = async (name = list): Promise<Descriptor[]> => (await inspectManifest(name, {}, remote, {})).manifests as Descriptor[]

test('creates a list in the directory and form of pack', async () => {
  const { images: listed } = await create()
  expect(listed).toEqual([{ platform: 'linux/amd64', digest: images[0]?.digest }, { platform: 'linux/arm64', digest: images[1]?.digest }])
  const directory = join(scratch.path, '.cnb/manifests', list.replaceAll(':', '-').replaceAll('/', '_'))
  const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as { mediaType: string; manifests: object[] }
  expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json')
  expect(index.manifests).toEqual(images.map(({ mediaType, digest, size, platform }) => ({ mediaType, size, digest, platform })))
})

test('pushes a list and mounts the layers of an image in another repository', async () => {
  await create()
  registry.takeRequests()
  const { reference } = await pushManifest(list, undefined, {}, remote, {})
  expect(registry.takeRequests().filter((line) => /^(PUT|PATCH) .*blobs/.test(line))).toEqual([])
  for (const [at, platform] of [AMD64, ARM64].entries()) {
    const found = await openRegistryImages(client.registries, platform).find(list)
    expect(found?.manifest.descriptor.digest).toBe(images[at]?.digest)
    expect(reference).toBe(named(`app@${found?.index?.descriptor.digest}`))
  }
  expect(await entries()).toHaveLength(2)
})

test('pushes to another name and in another format, and removes the list with --purge', async () => {
  await create()
  await pushManifest(list, named('copy:2'), { format: 'docker', insecure: true, purge: true }, remote, {})
  const found = await openRegistryImages(client.registries, ARM64).find(named('copy:2'))
  expect(found?.index?.descriptor.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json')
  expect(settings.at(-1)?.insecure).toEqual([registry.address])
  await expect(entries()).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
})

test('publishes a new list without keeping it', async () => {
  const { reference } = await create(list, { publish: true })
  expect(reference).toBe(named(`app@${registry.repository('app').tags.get('1')}`))
  expect(await entries()).toHaveLength(2)
  await expect(pushManifest(list, undefined, {}, remote, {})).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
})

test('adds, annotates and removes entries', async () => {
  await createManifest(list, [named('app:amd64')], {}, remote, {})
  await addToManifest(list, named('other:arm64'), {}, remote, {})
  await annotateManifest(list, named('other:arm64'), { arch: 'arm', variant: 'v7', annotations: { a: 'b' } }, {}, remote, {})
  await annotateManifest(list, images[1]!.digest, { annotations: { c: 'd' } }, {}, remote, {})
  expect((await entries())[1]).toEqual({ ...images[1], platform: { architecture: 'arm', os: 'linux', variant: 'v7' }, annotations: { a: 'b', c: 'd' } })
  await removeFromManifest(list, [named(`app@${images[0]?.digest}`)], remote, {})
  expect((await entries()).map(({ digest }) => digest)).toEqual([images[1]?.digest])
})

test('accepts a list in a directory, and images in a layout', async () => {
  const layout = join(scratch.path, 'layout')
  const saved = await save(`oci:${layout}`, planOf([layerOf('base')]))
  await createManifest('oci:list', [`oci:layout@${saved.manifest!.digest}`], {}, remote, {})
  await expect(pushManifest('oci:list', undefined, {}, remote, {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
  await pushManifest('oci:list', named('from-layout:1'), {}, remote, {})
  expect((await openRegistryImages(client.registries, AMD64).find(named('from-layout:1')))?.manifest.descriptor.digest).toBe(saved.manifest?.digest)
  expect(await removeManifests(['oci:list'], remote)).toEqual({ removed: ['oci:list'] })
})

describe('an error', () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ['the list exists', async () => (await create(), create()), 'CNB_USAGE'],
    ['the list does not exist', () => addToManifest(list, named('app:amd64'), {}, remote, {}), 'CNB_IMAGE_NOT_FOUND'],
    ['the image does not exist', () => createManifest(list, [named('nothing')], {}, remote, {}), 'CNB_IMAGE_NOT_FOUND'],
    ['the entry does not exist', async () => (await create(), removeFromManifest(list, [`sha256:${'0'.repeat(64)}`], remote, {})), 'CNB_IMAGE_NOT_FOUND'],
    ['an entry has no digest', async () => (await create(), removeFromManifest(list, [named('app:amd64')], remote, {})), 'CNB_USAGE'],
    ['nothing is annotated', async () => (await create(), annotateManifest(list, named('app:amd64'), {}, {}, remote, {})), 'CNB_USAGE'],
    ['--insecure lacks --publish', () => create(list, { insecure: true }), 'CNB_USAGE'],
    ['the name has a digest', () => create(named(`app@sha256:${'0'.repeat(64)}`)), 'CNB_REFERENCE_INVALID'],
  ])('is reported if %s', async (_, run, code) => {
    await expect(run()).rejects.toMatchObject({ code })
  })

  test('is reported for a layout with images, which is not changed', async () => {
    const layout = join(scratch.path, 'layout')
    const { id } = await save(`oci:${layout}`, planOf([layerOf('base')]))
    await expect(addToManifest('oci:layout', named('app:amd64'), {}, remote, {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
    await expect(removeManifests(['oci:layout'], remote)).rejects.toMatchObject({ code: 'CNB_USAGE' })
    expect((await entries('oci:layout')).map(({ digest }) => digest)).toEqual([id.replace(/.*@/, '')])
  })

  test('is reported for a list that another program damaged', async () => {
    await create('oci:list')
    await writeFile(join(scratch.path, 'list/index.json'), '{')
    const damaged = { code: 'CNB_IMAGE_INVALID' }
    await expect(addToManifest('oci:list', named('app:amd64'), {}, remote, {})).rejects.toMatchObject(damaged)
    await expect(pushManifest('oci:list', named('app:2'), {}, remote, {})).rejects.toMatchObject(damaged)
  })

  test('is reported if an image was deleted before the push, and leaves the tag unchanged', async () => {
    await create()
    registry.repository('other').manifests.delete(images[1]!.digest)
    await expect(pushManifest(list, undefined, {}, remote, {})).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
    expect(registry.repository('app').tags.has('1')).toBe(false)
  })

  test('does not keep the other lists to remove', async () => {
    await create()
    await expect(removeManifests([named('nothing:1'), list], remote)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    await expect(pushManifest(list, undefined, {}, remote, {})).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
  })
})
