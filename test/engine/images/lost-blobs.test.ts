/** Layers that the engine at $DOCKER_HOST loses during a load, or never had complete. */

import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { buffer, json } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../../src/docker/engine.ts'
import { openEngineImages } from '../../../src/images/engine/engine-source.ts'
import type { Image, ImagePlan, Layer } from '../../../src/images/image.ts'
import { digestOf, type Digest } from '../../../src/oci/digest.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { connectToEngine, imagesWith, layerOf, loadImage, memoryLayer, ownName } from './crafted.ts'

let engine: Engine
let containerd: boolean
const names: string[] = []

beforeAll(async () => {
  engine = await connectToEngine()
  containerd = (await engine.info()).imageStore === 'containerd'
})

afterAll(async () => {
  for (const name of names) await engine.images.remove(name)
  engine.close()
})

function newName(): string {
  const name = ownName('lost')
  names.push(name)
  return name
}

/** A layer that no image has. */
const newLayer = (path: string): Promise<Buffer> => layerOf(path, randomUUID())

async function planOn(base: Image | undefined, layers: readonly Layer[], name: string, previous?: Image): Promise<ImagePlan> {
  const platform = (await engine.info()).platform
  const config = { ...platform, created: '1980-01-01T00:00:01Z', config: {}, rootfs: { type: 'layers' as const, diff_ids: layers.map(({ diffId }) => diffId) } }
  const none: Image = { reference: 'none', id: '', repoDigests: [], platform, config, layers: [], labels: {} }
  return { base: base ?? none, ...(previous ? { previous } : {}), config, layers, tags: [parseTag(name)] }
}

/** The engine, with an action before the first load. */
function interrupted(happens: () => Promise<void>): Engine {
  let done = false
  const load = async (tar: Readable, context?: object): Promise<string[]> => {
    if (!done) await happens()
    done = true
    return engine.images.load(tar, context)
  }
  return { ...engine, info: (context) => engine.info(context), close: () => {}, images: { ...engine.images, load } }
}

/** The contents of the image's layers as in a registry; undefined for layers without a blob on the engine. */
async function layersToPush(image: string): Promise<(Buffer | undefined)[]> {
  if (!containerd) {
    await using images = openEngineImages(engine, 'test')
    return await Promise.all(((await images.find(image))?.layers ?? []).map(async (layer) => buffer(await layer.open())))
  }
  const { id } = (await engine.images.inspect(image))!
  const manifest = (await json((await engine.content.read(id as Digest))!)) as { layers: { digest: Digest; size: number }[] }
  return Promise.all(manifest.layers.map(async ({ digest, size }) => {
    const blob = await engine.content.read(digest)
    const content = blob && (await buffer(blob))
    return content?.length !== size ? undefined : content.readUInt16BE() === 0x1f8b ? gunzipSync(content) : content
  }))
}

test('sends all layers if the previous image disappears during the load', async () => {
  const [old, name] = [newName(), newName()]
  const [kept, changed] = [await newLayer('kept'), await newLayer('changed')]
  await loadImage(engine, old, { layers: [kept] })
  await using images = openEngineImages(interrupted(() => engine.images.remove(old)), 'test')
  const previous = (await images.find(old))!
  await images.save(await planOn(undefined, [kept, changed].map(memoryLayer), name, previous))
  expect(await layersToPush(name)).toEqual([kept, changed])
  expect(await imagesWith(engine, digestOf(kept))).toHaveLength(1)
})

test('rejects an image if its base disappears during the load, and keeps the old one', async () => {
  const [base, name] = [newName(), newName()]
  const [below, own, other] = [await newLayer('below'), await newLayer('own'), await newLayer('other')]
  const before = await loadImage(engine, name, { layers: [other] })
  await loadImage(engine, base, { layers: [below], stored: (layer) => gzipSync(layer) })
  await using images = openEngineImages(interrupted(() => engine.images.remove(base)), 'test')
  const found = (await images.find(base))!
  // Engine 20.10 does not report the missing layer.
  const saving = images.save(await planOn(found, [...found.layers, memoryLayer(own)], name))
  await expect(saving).rejects.toMatchObject({ code: expect.stringMatching(/^CNB_(IMAGE_NOT_FOUND|IMAGE_INVALID|ENGINE_FAILED)$/) as unknown })
  expect((await engine.images.inspect(name))?.id).toBe(before)
  expect(await imagesWith(engine, digestOf(own))).toEqual([])
})

test('rejects a corrupt layer, and leaves nothing of it', async () => {
  const name = newName()
  const [fine, broken] = [await newLayer('fine'), Buffer.from(`this is no tar, ${randomUUID()}`.repeat(100))]
  await using images = openEngineImages(engine, 'test')
  await expect(images.save(await planOn(undefined, [fine, broken].map(memoryLayer), name))).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  expect(await engine.images.inspect(name)).toBeUndefined()
  expect(await imagesWith(engine, digestOf(broken))).toEqual([])
})

test("does not use the empty files that another tool left in place of a base's layers", async () => {
  const [base, old, name] = [newName(), newName(), newName()]
  const [below, kept, changed] = [await newLayer('below'), await newLayer('kept'), await newLayer('changed')]
  await loadImage(engine, base, { layers: [below] })
  await loadImage(engine, old, { layers: [below, kept], stored: (layer) => (layer === below ? Buffer.alloc(0) : layer) })
  await using images = openEngineImages(engine, 'test')
  const previous = (await images.find(old))!
  // Even if that image is the only source.
  await images.save(await planOn(undefined, [below, kept, changed].map(memoryLayer), name, previous))
  expect(await layersToPush(name)).toEqual([below, kept, changed])
})
