import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest'
import { utimes } from 'node:fs/promises'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { CACHE_LABELS, cacheVolumes, volumeKey } from '../../../../src/lifecycle/cache-volumes.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { recordUse, useFile } from '../../../../src/operations/cache/cache-uses.ts'
import { pruneDaily } from '../../../../src/operations/cache/prune-daily.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'

const DAY = 24 * 60 * 60 * 1000

let directory: TemporaryDirectory
let engine: FakeEngine
let events: CnbEvent[]
let sizes: MockInstance<FakeEngine['volumes']['sizes']>
const now = Date.now()
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  engine = new FakeEngine()
  events = []
  vi.useFakeTimers({ toFake: ['Date'], now: now - 100 * DAY })
  sizes = vi.spyOn(engine.volumes, 'sizes').mockImplementation(async () => new Map((await engine.volumes.list()).map(({ name }) => [name, name.endsWith('.layers') ? 100 : 0])))
})
afterEach(async () => {
  vi.useRealTimers()
  await directory[Symbol.asyncDispose]()
})

const host = () => ({ env: {}, home: directory.path, cwd: '/' })
const context = { events: (event: CnbEvent) => void events.push(event) }

/** Makes the volumes of an image, last used some days ago. */
async function cacheOf(image: string, days: number): Promise<string> {
  const volumes = cacheVolumes(parseTag(image), await volumeKey(parseTag(image), host()))
  for (const name of [volumes.layers, volumes.record]) await engine.volumes.create(name, CACHE_LABELS)
  await recordUse({ image: parseTag(image), cacheVolumes: volumes }, host())
  const time = (now - days * DAY) / 1000
  await utimes(useFile(volumes.layers.slice('cnb-cache-'.length, -'.layers'.length), host()), time, time)
  return volumes.layers
}

const layers = async (): Promise<string[]> => (await engine.volumes.list()).map(({ name }) => name).filter((name) => name.endsWith('.layers'))
const run = (config: Parameters<typeof pruneDaily>[0], at = now) => pruneDaily(config, { engine, host: host() }, context, at)

describe('a build with a budget', () => {
  test('removes the least recently used caches, once a day', async () => {
    const [, kept] = [await cacheOf('old', 3), await cacheOf('new', 1)]
    await run({ cacheBudget: '150' })
    expect(await layers()).toEqual([kept])
    expect(events).toEqual([{ type: 'info', message: 'removed 1 cache over cache-budget or cache-max-age' }])
    const again = await cacheOf('old', 3)
    await run({ cacheBudget: '150' }, now + DAY / 2)
    expect((await layers()).sort()).toEqual([again, kept].sort())
    expect(sizes).toHaveBeenCalledTimes(1)
    await run({ cacheBudget: '150' }, now + 2 * DAY)
    expect(sizes).toHaveBeenCalledTimes(2)
    expect(await layers()).toEqual([kept])
  })

  test('removes caches by age without a measurement of those that stay', async () => {
    const [, kept] = [await cacheOf('old', 31), await cacheOf('new', 29)]
    await run({ cacheMaxAge: '30d' })
    expect(await layers()).toEqual([kept])
  })

  test('keeps the caches of the last hour, such as its own, however large they are', async () => {
    const own = await cacheOf('own', 0)
    await run({ cacheBudget: '1', cacheMaxAge: '1s' }, now + 1000)
    expect(await layers()).toEqual([own])
  })

  test('succeeds with a warning if the engine fails', async () => {
    vi.spyOn(engine.volumes, 'list').mockRejectedValueOnce(new Error('busy'))
    await run({ cacheMaxAge: '30d' })
    expect(events).toEqual([{ type: 'warning', message: 'cannot remove caches over the budget: busy' }])
  })
})

test('makes no request without a budget', async () => {
  const list = vi.spyOn(engine.volumes, 'list')
  await run({})
  expect(list).not.toHaveBeenCalled()
})
