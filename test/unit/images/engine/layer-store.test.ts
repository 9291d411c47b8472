import { readdir } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packTar, type TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { type LayerEngine, LayerStore, fetchLayers } from '../../../../src/images/engine/layer-store.ts'
import { digestOf, hexOf } from '../../../../src/oci/digest.ts'
import { anImage } from '../../../support/plans.ts'
import { containing } from '../../../support/matching.ts'

const [A, B, C] = [Buffer.from('layer a'), Buffer.alloc(200_000, 'b'), Buffer.from('layer c')]

let scratch: TemporaryDirectory
const before = process.env.TMPDIR

beforeEach(async () => {
  scratch = await makeTemporaryDirectory()
  process.env.TMPDIR = scratch.path
})

afterEach(async () => {
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  await scratch[Symbol.asyncDispose]()
})

const file = (name: string, content: Buffer): TarEntry => ({ type: 'file', name, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content })
const link = (name: string, linkname: string): TarEntry => ({ type: 'symlink', name, linkname, mode: 0o777, uid: 0, gid: 0, mtime: 0 })
const blob = (content: Buffer): TarEntry => file(`blobs/sha256/${hexOf(digestOf(content))}`, content)

/** The archive of Engine 20.10 for an image with a repeated layer. */
const DOCKER_ARCHIVE = [
  file('1/VERSION', Buffer.from('1.0')),
  file('1/json', Buffer.from('{}')),
  file('1/layer.tar', A),
  link('2/layer.tar', '../1/layer.tar'),
  file('3/layer.tar', B),
  file('4/layer.tar', C),
  file('abc.json', Buffer.from('{}')),
  file('manifest.json', Buffer.from('[]')),
]

/** The archive of Engine 28 with the containerd store, for pulled layers. */
const OCI_ARCHIVE = [blob(Buffer.from('{"schemaVersion":2}')), blob(gzipSync(A)), blob(gzipSync(B)), blob(gzipSync(C)), file('index.json', Buffer.from('{}'))]

/** An engine with images that were not built by a lifecycle: their layers can only be saved. */
function engineWith(save: LayerEngine['images']['save']): LayerEngine {
  const none = async () => undefined
  return { images: { save }, content: { info: none, read: none }, containers: { create: () => Promise.reject(new Error('unexpected container')) } }
}

const image = (id: string) => anImage({ reference: id, id })

function storeOf(archive: TarEntry[]) {
  const saves: string[] = []
  const store = new LayerStore(
    engineWith(async (reference) => {
      saves.push(reference)
      return packTar(archive)
    }),
    'test',
  )
  return { store, saves }
}

const leftInScratch = async () => (await readdir(scratch.path, { recursive: true })).length

describe.each([
  ['a docker-archive', DOCKER_ARCHIVE],
  ['an OCI layout with uncompressed blobs', [blob(A), blob(B), blob(C), file('manifest.json', Buffer.from('[]'))]],
  ['an OCI layout with compressed blobs', OCI_ARCHIVE],
])('LayerStore with %s', (_, archive) => {
  test('opens each layer uncompressed, with its size after the first read', async () => {
    const { store } = storeOf(archive)
    await using _store = store
    const layer = store.layer(image('image'), digestOf(B))
    expect(layer.size).toBeUndefined()
    expect(digestOf(await buffer(await layer.open()))).toBe(layer.diffId)
    expect(layer.size).toBe(B.length)
    expect(digestOf(await buffer(await layer.open()))).toBe(layer.diffId)
    expect(await buffer(await store.layer(image('image'), digestOf(C)).open())).toEqual(C)
  })

  test('stores only requested layers on the disk, until disposal', async () => {
    const { store } = storeOf(archive)
    expect(await leftInScratch()).toBe(0)
    await store.fetch(image('image'), [digestOf(C)])
    expect(await leftInScratch()).toBe(2)
    await store[Symbol.asyncDispose]()
    expect(await leftInScratch()).toBe(0)
  })
})

test('fetches layers with one save for each image, and none the second time', async () => {
  const { store, saves } = storeOf(DOCKER_ARCHIVE)
  await using _store = store
  const layers = [store.layer(image('one'), digestOf(A)), store.layer(image('one'), digestOf(B)), store.layer(image('two'), digestOf(C)), store.layer(image('two'), digestOf(A))]
  await fetchLayers([...layers, { diffId: digestOf('elsewhere'), open: async () => Readable.from([]) }])
  expect(saves).toEqual(['one', 'two'])
  await Promise.all(layers.map(async (layer) => buffer(await layer.open())))
  expect(saves).toEqual(['one', 'two'])
})

test('saves a layer once for concurrent reads', async () => {
  const { store, saves } = storeOf(DOCKER_ARCHIVE)
  await using _store = store
  const layer = store.layer(image('image'), digestOf(A))
  const contents = await Promise.all([layer.open(), layer.open()].map(async (stream) => buffer(await stream)))
  expect([contents, saves]).toEqual([[A, A], ['image']])
})

test('rejects a layer that is missing in the save, such as an empty file for a layer of the base', async () => {
  const { store } = storeOf([blob(A), file(`blobs/sha256/${hexOf(digestOf(B))}`, Buffer.alloc(0))])
  await using _store = store
  await expect(store.layer(image('image'), digestOf(B)).open()).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: containing(digestOf(B)), hint: containing('docker image rm') })
  expect(await buffer(await store.layer(image('image'), digestOf(A)).open())).toEqual(A)
})

test('rejects a layer with other content than its name', async () => {
  const { store } = storeOf([file(`blobs/sha256/${hexOf(digestOf(B))}`, C)])
  await using _store = store
  await expect(store.layer(image('image'), digestOf(B)).open()).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
})

test('rejects a truncated archive', async () => {
  const whole = await buffer(packTar(DOCKER_ARCHIVE))
  const store = new LayerStore(engineWith(async () => Readable.from([whole.subarray(0, 100_000)])), 'test')
  await using _store = store
  await expect(store.layer(image('image'), digestOf(B)).open()).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
})

test('leaves no files after an interrupt during a save', async () => {
  const half = new PassThrough()
  half.write((await buffer(packTar(DOCKER_ARCHIVE))).subarray(0, 100_000))
  const abort = new AbortController()
  const store = new LayerStore(engineWith(async () => half), 'test')
  const opening = store.layer(image('image'), digestOf(B)).open(abort.signal)
  // Wait until the file is being written.
  await expect.poll(leftInScratch).toBeGreaterThan(1)
  abort.abort()
  await expect(opening).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  await store[Symbol.asyncDispose]()
  expect(await leftInScratch()).toBe(0)
  expect(half.destroyed).toBe(true)
})
