import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import { makeTarLayer } from '../../../../src/archive/tar/tar-layer.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { openEngineImages, type EngineImageStore } from '../../../../src/images/engine/engine-source.ts'
import type { ImagePlan, Layer } from '../../../../src/images/image.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { image } from '../app-images.ts'

const STORES = ['graphdriver', 'containerd'] as const

let engine: FakeEngine
let images: EngineImageStore
/** The number of opened layers. */
let opened: number
/** The archives that the engine received; whole ones and others. */
let archives: Buffer[]
let events: CnbEvent[]
/** Replaces the engine's loads, in order; undefined for the usual one. */
let loads: (((tar: Readable) => Promise<string[]>) | undefined)[]

function open(imageStore: (typeof STORES)[number]): void {
  engine = new FakeEngine({ imageStore })
  const load = engine.images.load.bind(engine.images)
  engine.images.load = async (tar, context) => {
    const other = loads.shift()
    if (other) return other(tar)
    const archive = await buffer(tar)
    archives.push(archive)
    return load(Readable.from([archive]), context)
  }
  images = openEngineImages(engine, 'test')
}

beforeEach(() => {
  opened = 0
  archives = []
  events = []
  loads = []
})

const context = { events: (event: CnbEvent) => void events.push(event) }

/** Makes a layer with one file, and sends it while it is read. @param listed the difference of its size from the announced one */
async function newLayer(content: string, listed = 0, signal?: AbortSignal): Promise<Layer> {
  const file = { type: 'file', name: content, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content: Buffer.from(content) } as const
  const size = async (): Promise<number> => 2048 + listed
  const layer = await makeTarLayer(() => [file], { copy: () => images.copy(size, { ...context, ...(signal ? { signal } : {}) }) })
  return { ...layer, open: (each) => (opened++, layer.open(each)) }
}

function planOf(layers: readonly Layer[], tag = 'my/app'): ImagePlan {
  const { config } = image()
  return { config: { ...config, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }, history: [] }, base: undefined, layers, tags: [parseTag(tag)] }
}

const diffIds = async (): Promise<readonly string[] | undefined> => (await engine.images.inspect('my/app'))?.diffIds

describe.each(STORES)('loads layers early into a %s store:', (store) => {
  beforeEach(() => open(store))

  test('loads layers that were sent while they were read without opening them, as the same image', async () => {
    const layers = [await newLayer('a'), await newLayer('b')]
    const { id } = await images.save(planOf(layers), context)
    expect([opened, archives.length, await diffIds()]).toEqual([0, 1, layers.map(({ diffId }) => diffId)])
    open(store)
    expect((await images.save(planOf(layers), context)).id).toBe(id)
    expect(opened).toBe(2)
  })

  test('sends the other layers after them', async () => {
    const early = await newLayer('a')
    const other = image({ layers: [] })
    const { diffId, ...rest } = await makeTarLayer(() => [])
    const layers = [early, { diffId, ...rest, open: (signal?: AbortSignal) => (opened++, rest.open(signal)) }]
    await images.save({ ...planOf(layers), base: other }, context)
    expect([opened, archives.length, await diffIds()]).toEqual([1, 1, layers.map(({ diffId }) => diffId)])
  })

  test('sends a layer with the image if its size is unknown, and then begins no load', async () => {
    expect(await images.copy(async () => undefined, context)).toBeUndefined()
    expect(loads).toEqual([])
    const layer = await newLayer('a')
    await images.save(planOf([layer]), context)
    expect([archives.length, await diffIds()]).toEqual([1, [layer.diffId]])
  })

  test.each([['larger', -512], ['smaller', 512]])('sends all layers again after a layer that was %s than listed', async (_, listed) => {
    const layers = [await newLayer('a'), await newLayer('b', listed), await newLayer('c')]
    await images.save(planOf(layers), context)
    expect([opened, await diffIds()]).toEqual([3, layers.map(({ diffId }) => diffId)])
    expect(events).toContainEqual({ type: 'debug', message: expect.stringContaining('not as it was listed') as string })
  })

  test.each([
    ['drops the connection', () => Promise.reject(new CnbError('CNB_ENGINE_LOST', 'the connection ended'))],
    ['ends the load', () => Promise.resolve([])],
  ])('sends all layers again if the engine %s while they are read', async (_, load) => {
    loads = [async (tar) => (tar.resume(), tar.destroy(), load())]
    const layers = [await newLayer('a'), await newLayer('b')]
    await images.save(planOf(layers), context)
    expect([opened, await diffIds()]).toEqual([2, layers.map(({ diffId }) => diffId)])
  })

  test('sends all layers again if the engine ends the load while the image is prepared', async () => {
    let lose = (_: Error): void => {}
    loads = [(tar) => (tar.resume(), new Promise((_, reject) => (lose = reject)))]
    const early = await newLayer('a')
    const { diffId, ...rest } = await makeTarLayer(() => [])
    const measured = { diffId, open: async (signal?: AbortSignal) => (lose(new CnbError('CNB_ENGINE_FAILED', 'no')), rest.open(signal)) }
    await images.save(planOf([early, measured]), context)
    expect([opened, await diffIds()]).toEqual([1, [early.diffId, diffId]])
  })

  test('sends all layers again if the engine rejects the archive', async () => {
    loads = [async (tar) => (await buffer(tar), Promise.reject(new CnbError('CNB_ENGINE_FAILED', 'no')))]
    const layers = [await newLayer('a'), await newLayer('b')]
    await images.save(planOf(layers), context)
    expect([opened, await diffIds()]).toEqual([2, layers.map(({ diffId }) => diffId)])
  })

  test('does not send them again if the disk of the engine is full', async () => {
    loads = [async (tar) => (await buffer(tar), Promise.reject(new CnbError('CNB_ENGINE_DISK_FULL', 'no')))]
    await expect(images.save(planOf([await newLayer('a')]), context)).rejects.toMatchObject({ code: 'CNB_ENGINE_DISK_FULL' })
    expect([opened, await diffIds()]).toEqual([0, undefined])
  })

  test('ends the archive without an image if the image exists already', async () => {
    const layers = [await newLayer('a')]
    const { id } = await images.save(planOf(layers, 'old/app'), context)
    images = openEngineImages(engine, 'test')
    let received: Buffer | undefined
    loads = [async (tar) => ((received = await buffer(tar)), Promise.reject(new CnbError('CNB_ENGINE_FAILED', 'no manifest')))]
    const again = [await newLayer('a')]
    const base = { ...image(), id, layers: again }
    expect(await images.save({ ...planOf(again), base }, context)).toMatchObject({ id })
    expect([received?.includes('manifest'), received?.includes('index.json'), opened]).toEqual([false, false, 0])
  })

  test('ends the archive in the middle of a layer, and with the connection intact, at an interrupt', async () => {
    let ended: 'whole' | 'broken' | undefined
    loads = [(tar) => buffer(tar).then(() => (ended = 'whole'), () => (ended = 'broken')).then(() => Promise.reject(new CnbError('CNB_ENGINE_FAILED', 'unexpected EOF')))]
    const interrupt = new AbortController()
    await using copy = (await images.copy(async () => 1_000_000_000, { ...context, signal: interrupt.signal }))!
    await copy.write(Buffer.alloc(1000))
    interrupt.abort(new CnbError('CNB_INTERRUPTED', 'Ctrl-C'))
    await copy.write(Buffer.alloc(1000))
    await images[Symbol.asyncDispose]()
    expect(ended).toBe('whole')
  })

  test('ends the archive when the store is disposed of', async () => {
    let ended = false
    loads = [async (tar) => (await buffer(tar), (ended = true), [])]
    await newLayer('a')
    await images[Symbol.asyncDispose]()
    expect([ended, await diffIds()]).toEqual([true, undefined])
  })

  test('stops when it is interrupted after the image is complete', async () => {
    const interrupt = new AbortController()
    engine.images.load = async (tar, { signal } = {}) => {
      await buffer(tar)
      interrupt.abort(new CnbError('CNB_INTERRUPTED', 'Ctrl-C'))
      throw signal?.reason as Error
    }
    const layer = await newLayer('a', 0, interrupt.signal)
    await expect(images.save(planOf([layer]), { ...context, signal: interrupt.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(opened).toBe(0)
  })

  test('keeps a layer that is first read for the load out of the layers before it', async () => {
    const early = await newLayer('a')
    const { diffId, size } = await makeTarLayer(() => [])
    const late = { diffId, size, open: async (signal?: AbortSignal) => (await makeTarLayer(() => [], { copy: () => images.copy(async () => size, context) })).open(signal) }
    await images.save(planOf([early, late]), context)
    expect([archives.length, await diffIds()]).toEqual([1, [early.diffId, diffId]])
  })

  test('receives one layer at a time, and none after the image is saved', async () => {
    const size = async (): Promise<number> => 1
    {
      await using _first = await images.copy(size, context)
      expect(await images.copy(size, context)).toBeUndefined()
    }
    await images[Symbol.asyncDispose]()
    expect(await images.copy(size, context)).toBeUndefined()
  })
})
