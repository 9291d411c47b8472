/** Layers that are sent to the engine at $DOCKER_HOST before their image is complete. */

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTarLayer, type TarLayer } from '../../../src/archive/tar/tar-layer.ts'
import { CnbError } from '../../../src/base/errors.ts'
import type { Engine } from '../../../src/docker/engine.ts'
import { openEngineImages, type EngineImageStore } from '../../../src/images/engine/engine-source.ts'
import type { ImagePlan, Layer } from '../../../src/images/image.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { connectToEngine, imagesWith, ownName } from './crafted.ts'
import { watch } from './watched.ts'

const SIZE = 5_000_000
let engine: Engine
const names: string[] = []

beforeAll(async () => {
  engine = await connectToEngine()
})

afterAll(async () => {
  for (const name of names) await engine.images.remove(name)
  engine.close()
})

/** Makes a layer, and sends it to `images` while it is read. `opened` records later readings. */
async function newLayer(images: EngineImageStore | undefined, id: string, opened: string[] = []): Promise<Layer & TarLayer> {
  const content = Buffer.alloc(SIZE, id)
  const file = { type: 'file', name: id, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: SIZE, content } as const
  const { size } = await makeTarLayer(() => [file])
  const layer = await makeTarLayer(() => [file], images ? { copy: () => images.copy(async () => size, {}) } : {})
  return { ...layer, open: (signal) => (opened.push(id), layer.open(signal)) }
}

async function planOf(layers: readonly Layer[]): Promise<ImagePlan> {
  const name = ownName('early')
  names.push(name)
  const config = { ...(await engine.info()).platform, created: '1980-01-01T00:00:01Z', config: {}, rootfs: { type: 'layers' as const, diff_ids: layers.map(({ diffId }) => diffId) } }
  return { base: undefined, config, layers, tags: [parseTag(name)] }
}

test('makes the same image as from layers that are sent with it, and sends each once', async () => {
  const [ids, opened] = [[randomUUID(), randomUUID()], [] as string[]]
  const { engine: watched, loaded } = watch(engine)
  await using images = openEngineImages(watched, 'test')
  const early = [await newLayer(images, ids[0]!, opened), await newLayer(images, ids[1]!, opened), await newLayer(undefined, randomUUID(), opened)]
  const plan = await planOf(early)
  const { id } = await images.save(plan)
  expect([opened.length, loaded.length, loaded[0]! < 3.1 * SIZE]).toEqual([1, 1, true])
  expect((await engine.images.inspect(names.at(-1)!))?.diffIds).toEqual(early.map(({ diffId }) => diffId))
  await engine.images.remove(names.at(-1)!)
  await using others = openEngineImages(engine, 'test')
  expect((await others.save({ ...plan, layers: early })).id).toBe(id)
})

test('leaves nothing on the engine if the image exists already, or is never complete', async () => {
  const id = randomUUID()
  await using first = openEngineImages(engine, 'test')
  const layer = await newLayer(first, id)
  const plan = await planOf([layer])
  const saved = await first.save(plan)
  await using second = openEngineImages(engine, 'test')
  const previous = (await second.find(names.at(-1)!))!
  expect((await second.save({ ...plan, previous, layers: [await newLayer(second, id)] })).id).toBe(saved.id)
  expect(await imagesWith(engine, layer.diffId)).toEqual([saved.id])
  let left: Layer
  {
    await using third = openEngineImages(engine, 'test')
    left = await newLayer(third, randomUUID())
    const copy = await third.copy(async () => SIZE, {})
    await copy?.write(Buffer.alloc(SIZE / 2))
  }
  expect([await imagesWith(engine, left.diffId), await engine.content.info(left.diffId)]).toEqual([[], undefined])
})

test('sends the layers again if the connection breaks in the middle', async () => {
  let broken = false
  const load: Engine['images']['load'] = (tar, context) => {
    if (broken) return engine.images.load(tar, context)
    broken = true
    return engine.images.load(Readable.from(half(tar), { objectMode: false }), context)
  }
  const breaking: Engine = { ...engine, info: (context) => engine.info(context), close: () => {}, images: { ...engine.images, load } }
  await using images = openEngineImages(breaking, 'test')
  const layers = [await newLayer(images, randomUUID()), await newLayer(images, randomUUID())]
  await images.save(await planOf(layers))
  expect((await engine.images.inspect(names.at(-1)!))?.diffIds).toEqual(layers.map(({ diffId }) => diffId))
})

async function* half(tar: Readable): AsyncGenerator<Buffer> {
  let left = SIZE / 2
  for await (const chunk of tar) {
    yield chunk as Buffer
    left -= (chunk as Buffer).length
    if (left < 0) throw new CnbError('CNB_ENGINE_LOST', 'the connection broke')
  }
}
