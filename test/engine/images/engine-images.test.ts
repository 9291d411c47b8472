/** Images found on and saved to the engine at $DOCKER_HOST. */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import type { Engine } from '../../../src/docker/engine.ts'
import { openEngineImages } from '../../../src/images/engine/engine-source.ts'
import type { Image, ImagePlan, Layer } from '../../../src/images/image.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { connectToEngine, layerOf, loadImage, memoryLayer, ownName } from './crafted.ts'

let engine: Engine
const names: string[] = []

beforeAll(async () => {
  engine = await connectToEngine()
})

afterAll(async () => {
  for (const name of names) await engine.images.remove(name)
  engine.close()
})

function newName(): string {
  const name = ownName('image')
  names.push(name)
  return name
}

async function planOf(layers: readonly Layer[], tags: string[], base: Partial<Image> = {}): Promise<ImagePlan> {
  const platform = (await engine.info()).platform
  const config = { ...platform, created: '1980-01-01T00:00:01Z', config: { Labels: { a: 'b' } }, rootfs: { type: 'layers' as const, diff_ids: layers.map(({ diffId }) => diffId) } }
  return {
    base: { reference: 'base', id: '', repoDigests: [], platform, config, layers: [], labels: {}, ...base },
    config,
    layers,
    tags: tags.map((tag) => parseTag(tag)),
  }
}

async function contentsOf(name: string): Promise<Buffer[]> {
  await using images = openEngineImages(engine, 'test')
  const image = await images.find(name)
  return await Promise.all((image?.layers ?? []).map(async (layer) => buffer(await layer.open())))
}

test('returns the loaded layers one by one, also after a compressed load', async () => {
  const name = newName()
  const layers = [await layerOf('a', 'one'), await layerOf('b', 'x'.repeat(100_000)), await layerOf('c', 'three')]
  const id = await loadImage(engine, name, { layers, stored: (layer) => gzipSync(layer) })
  await using images = openEngineImages(engine, 'test')
  const image = await images.find(name)
  expect(image).toMatchObject({ id, reference: name, config: { rootfs: { diff_ids: layers.map(digestOf) } } })
  expect(image?.config.history?.map(({ created_by }) => created_by)).toEqual(['step 0', 'step 1', 'step 2'])
  expect(digestOf(await buffer(await image!.layers[1]!.open()))).toBe(digestOf(layers[1]!))
  expect(await buffer(await image!.layers[0]!.open())).toEqual(layers[0])
})

test('does not take the os.version of the Docker that made an image', async () => {
  const name = newName()
  await loadImage(engine, name, { layers: [await layerOf('a', 'one')], more: { docker_version: '20.10.24' } })
  await using images = openEngineImages(engine, 'test')
  expect((await images.find(name))?.config).not.toHaveProperty(['os.version'])
})

test('returns undefined for a missing image', async () => {
  await using images = openEngineImages(engine, 'test')
  expect(await images.find('cnb-images/nobody-has-this:1')).toBeUndefined()
})

test('saves an image under all its names, and the same image again under the same ID', async () => {
  const tags = [newName(), newName()]
  const layers = [memoryLayer(await layerOf('a', '1')), memoryLayer(await layerOf('b', '2'))]
  await using images = openEngineImages(engine, 'test')
  const first = await images.save(await planOf(layers, tags))
  expect((await images.find(tags[0]!))?.id).toBe(first.id)
  expect((await images.find(tags[1]!))?.id).toBe(first.id)
  expect(first.tags).toEqual(tags)
  expect(await images.save(await planOf(layers, tags))).toMatchObject({ id: first.id, tags })
})

test('saves an image without layers, and one with the same layer twice', async () => {
  const [empty, twice] = [newName(), newName()]
  const content = await layerOf('a', 'again')
  await using images = openEngineImages(engine, 'test')
  await images.save(await planOf([], [empty]))
  await images.save(await planOf([memoryLayer(content), memoryLayer(await layerOf('b', 'between')), memoryLayer(content)], [twice]))
  expect((await images.find(empty))?.layers).toEqual([])
  expect(await contentsOf(twice)).toEqual([content, await layerOf('b', 'between'), content])
})

test("saves to a base without reading the base's layers, compressed or not", async () => {
  for (const stored of [(layer: Buffer) => layer, (layer: Buffer) => gzipSync(layer)]) {
    const [base, name] = [newName(), newName()]
    const layers = [await layerOf('base/a', `${base} a`), await layerOf('base/b', 'base b')]
    await loadImage(engine, base, { layers, stored })
    await using images = openEngineImages(engine, 'test')
    const found = (await images.find(base))!
    const closed = found.layers.map(({ diffId }): Layer => ({ diffId, open: () => Promise.reject(new Error('a layer of the base was read')) }))
    const own = await layerOf('own', 'own')
    await images.save(await planOf([...closed, memoryLayer(own)], [name], found))
    expect(await contentsOf(name)).toEqual([...layers, own])
  }
})

test("sends all layers when the engine does not have the plan's base", async () => {
  const name = newName()
  const contents = [await layerOf('lost', `${Date.now()}`), await layerOf('own', 'own')]
  const layers = contents.map(memoryLayer)
  const events: CnbEvent[] = []
  await using images = openEngineImages(engine, 'test')
  await images.save(await planOf(layers, [name], { layers: layers.slice(0, 1) }), { events: (event) => events.push(event) })
  expect(await contentsOf(name)).toEqual(contents)
  if ((await engine.info()).imageStore === 'graphdriver') expect(events.map(({ type }) => type)).toContain('debug')
})

test('keeps the names of the old image when the new one cannot be read', async () => {
  const name = newName()
  await using images = openEngineImages(engine, 'test')
  const old = await images.save(await planOf([memoryLayer(await layerOf('a', 'old'))], [name]))
  const broken: Layer = { ...memoryLayer(await layerOf('a', 'new')), size: 2048, open: async () => Readable.from([Buffer.alloc(100)]) }
  await expect(images.save(await planOf([broken], [name]))).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
  expect((await images.find(name))?.id).toBe(old.id)
})
