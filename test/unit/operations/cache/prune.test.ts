import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { OWNER_LABEL } from '../../../../src/docker/engine.ts'
import { EngineRefusal } from '../../../../src/docker/engine-errors.ts'
import { CACHE_LABELS, cacheVolumes, volumeKey } from '../../../../src/lifecycle/cache-volumes.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { recordUse, useFile } from '../../../../src/operations/cache/cache-uses.ts'
import { findCaches } from '../../../../src/operations/cache/find-caches.ts'
import { planPrune, type PruneOptions } from '../../../../src/operations/cache/plan-prune.ts'
import { prune } from '../../../../src/operations/cache/prune.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { packFiles } from '../../../support/fakes/fake-files.ts'

const DAY = 24 * 60 * 60 * 1000

let directory: TemporaryDirectory
let engine: FakeEngine
let events: CnbEvent[]
let host: { env: Record<string, string>; home: string; cwd: string }
const now = Date.now()
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  engine = new FakeEngine()
  events = []
  host = { env: {}, home: directory.path, cwd: '/' }
  // An engine has only the time of a volume's creation.
  vi.useFakeTimers({ toFake: ['Date'], now: now - 100 * DAY })
  vi.spyOn(engine.volumes, 'sizes').mockResolvedValue(sizes)
})
afterEach(async () => {
  vi.useRealTimers()
  await directory[Symbol.asyncDispose]()
})

const context = { events: (event: CnbEvent) => void events.push(event) }
const volumesOf = async (image: string) => cacheVolumes(parseTag(image), await volumeKey(parseTag(image), host))

/** Makes the volumes of a build, which was some days ago, with layers of some bytes. */
async function cacheOf(image: string, days: number, bytes = 0) {
  const volumes = await volumesOf(image)
  for (const name of [volumes.layers, volumes.record]) await engine.volumes.create(name, CACHE_LABELS)
  sizes.set(volumes.layers, bytes)
  const use = { image: parseTag(image), cacheVolumes: volumes }
  await recordUse(use, host)
  await age(useFile(volumes.layers.slice('cnb-cache-'.length, -'.layers'.length), host), days)
  return volumes
}

const age = (file: string, days: number): Promise<void> => utimes(file, (now - days * DAY) / 1000, (now - days * DAY) / 1000)

const sizes = new Map<string, number>()
const names = async (): Promise<string[]> => (await engine.volumes.list()).map(({ name }) => name).sort()
const plan = (options: Partial<PruneOptions>) => planPrune({ images: [], ...options }, { engine, host }, context, now)
const run = async (options: Partial<PruneOptions>) => prune(await plan(options), { engine, host }, context)

describe('a prune', () => {
  test('removes caches by age, by the last use that builds record', async () => {
    await cacheOf('old', 40)
    const young = await cacheOf('young', 2)
    const { caches } = await run({ olderThan: '30d' })
    expect(caches.map(({ image, volumes }) => [image, volumes.length])).toEqual([['old:latest', 2]])
    expect(await names()).toEqual([young.layers, young.record].sort())
  })

  test('removes the least recently used caches until the rest fits', async () => {
    await cacheOf('first', 3, 1000)
    await cacheOf('second', 2, 1000)
    const third = await cacheOf('third', 1, 1000)
    expect((await run({ keepSize: '1500b' })).caches.map(({ image }) => image)).toEqual(['first:latest', 'second:latest'])
    expect(await names()).toEqual([third.layers, third.record].sort())
  })

  test('never removes volumes that cnb did not make', async () => {
    const own = await cacheOf('app', 40)
    const alien = ['data', 'cnb-cache-app_latest-0123456789ab.layers', 'pack-cache-app_latest-0123456789ab.build', `${own.layers}x`]
    for (const name of alien) await engine.volumes.create(name, { 'com.example': 'precious' })
    await run({ all: true, pack: true, otherKeys: true })
    expect(await names()).toEqual(alien.sort())
  })

  test("leaves caches of another user's key without the option", async () => {
    const other = cacheVolumes(parseTag('app'), 'the key of another user')
    await engine.volumes.create(other.layers, CACHE_LABELS)
    await run({ all: true })
    await run({ images: [other.layers.slice('cnb-cache-'.length, -'.layers'.length)] })
    expect(await names()).toEqual([other.layers])
    expect(events).toMatchObject([{ type: 'warning', message: expect.stringContaining('--other-keys') as string }])
    await run({ all: true, otherKeys: true })
    expect(await names()).toEqual([])
  })

  test("leaves pack's volumes without the option", async () => {
    const { build, launch } = await cacheOf('app', 40)
    for (const name of [build, launch]) await engine.volumes.create(name, {})
    await run({ all: true })
    expect(await names()).toEqual([build, launch])
    await run({ all: true, pack: true })
    expect(await names()).toEqual([])
  })

  test('leaves a cache that a build mounts, and another container too', async () => {
    const [config, manifest] = [{ os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [] } }, [{ Config: 'c', RepoTags: ['builder:1'], Layers: [] }]]
    await engine.images.load(packFiles([['c', JSON.stringify(config)], ['manifest.json', JSON.stringify(manifest)]]))
    const [built, shown] = [await cacheOf('built', 40), await cacheOf('shown', 40)]
    const mount = (source: string) => ({ image: 'builder:1', command: ['/x'], mounts: [{ type: 'volume' as const, source, target: '/v' }] })
    await engine.containers.create({ ...mount(built.layers), labels: { [OWNER_LABEL]: 'a build' } })
    await engine.containers.create(mount(shown.layers))
    const { caches, kept, failures } = await run({ all: true })
    expect(caches).toEqual([])
    expect(kept).toEqual([{ image: 'built:latest', reason: 'a build uses it' }, { image: 'shown:latest', reason: expect.stringContaining('in use') as string }])
    expect(failures).toEqual([])
    expect(await names()).toEqual([built.layers, built.record, shown.layers, shown.record].sort())
  })

  test('leaves a cache that a build has used since the plan', async () => {
    const volumes = await cacheOf('app', 40)
    const planned = await plan({ all: true })
    await recordUse({ image: parseTag('app'), cacheVolumes: volumes }, host)
    expect((await prune(planned, { engine, host }, context)).kept).toEqual([{ image: 'app:latest', reason: 'a build has used it since' }])
    expect(await names()).toEqual([volumes.layers, volumes.record].sort())
  })

  test('continues after a volume that the engine cannot remove, and reports it', async () => {
    const broken = await cacheOf('broken', 41)
    await cacheOf('fine', 40)
    const remove = engine.volumes.remove.bind(engine.volumes)
    vi.spyOn(engine.volumes, 'remove').mockImplementation(async (name) => {
      if (name === broken.layers) throw new EngineRefusal('CNB_ENGINE_FAILED', `cannot remove the volume ${name}`, 500, 'disk on fire')
      await remove(name)
    })
    const { caches, failures } = await run({ all: true })
    expect(caches.map(({ image }) => image)).toEqual(['fine:latest'])
    expect(failures).toMatchObject([{ code: 'CNB_ENGINE_FAILED' }])
    expect(await names()).toEqual([broken.layers, broken.record].sort())
  })

  test('stops on an interruption', async () => {
    for (let index = 0; index < 20; index++) await cacheOf(`app-${index}`, 40)
    const planned = await plan({ all: true })
    const controller = new AbortController()
    const remove = engine.volumes.remove.bind(engine.volumes)
    vi.spyOn(engine.volumes, 'remove').mockImplementation(async (name) => {
      controller.abort()
      await remove(name)
    })
    await expect(prune(planned, { engine, host }, { signal: controller.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect((await names()).length).toBeGreaterThan(20)
  })

  test('needs images or a budget, and readable values', async () => {
    await expect(plan({})).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining('no budget') as string })
    await expect(plan({ olderThan: 'soon' })).rejects.toMatchObject({ message: "'soon' is not an age" })
    await expect(plan({ keepSize: 'much' })).rejects.toMatchObject({ message: "'much' is not a size" })
    await expect(plan({ all: true, keepSize: '1g' })).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })

  test('warns of an image without a cache, and removes the others', async () => {
    await cacheOf('app', 1)
    const { caches, entries } = await run({ images: ['app', 'absent'] })
    expect([caches.length, entries.length]).toEqual([1, 0])
    expect(events).toEqual([{ type: 'warning', message: "no cache of 'absent' exists" }])
  })

  test('removes files of the cache directory, but none of the last hour', async () => {
    const folder = join(directory.path, '.cache/cnb/blobs/sha256')
    await mkdir(folder, { recursive: true })
    for (const [name, days] of [['old', 40], ['young', 2], ['in-use', 0]] as const) {
      await writeFile(join(folder, name), 'content')
      await age(join(folder, name), days)
    }
    const { entries } = await run({ olderThan: '30d' })
    expect(entries).toHaveLength(1)
    expect((await readdir(folder)).sort()).toEqual(['in-use', 'young'])
    await run({ all: true })
    expect(await readdir(folder)).toEqual(['in-use'])
  })
})

test('lists caches with the names of images, and measures volumes only on request', async () => {
  await cacheOf('registry.example/team/app:1', 2)
  await engine.volumes.create(cacheVolumes(parseTag('other'), 'unknown').layers, CACHE_LABELS)
  const sizes = vi.spyOn(engine.volumes, 'sizes')
  const { images } = await findCaches({ engine, host }, false, context)
  expect(images.map(({ image, own, busy }) => ({ image, own, busy }))).toEqual([
    { image: 'registry.example/team/app:1', own: true, busy: false },
    { image: expect.stringMatching(/^library_other_latest-[0-9a-f]{12}$/) as string, own: false, busy: false },
  ])
  expect(sizes).not.toHaveBeenCalled()
})

test('finds the images of PACK_VOLUME_KEY by the uses that builds record', async () => {
  host.env = { PACK_VOLUME_KEY: 'secret' }
  await cacheOf('app', 2)
  expect((await findCaches({ engine, host }, false, context)).images).toMatchObject([{ image: 'app:latest', own: true }])
})
