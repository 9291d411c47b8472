import { beforeEach, expect, test } from 'vitest'
import { KanikoCache } from '../../../../../src/lifecycle/native/extensions/kaniko-cache.ts'
import { FakeEngine } from '../../../../support/fake-engine.ts'
import { aPlan } from '../../../../support/plans.ts'

let engine: FakeEngine
const names = async (): Promise<string[]> => (await engine.volumes.list('dev.cnb.cache')).map(({ name }) => name)

beforeEach(() => (engine = new FakeEngine()))

test('a volume is made when it is asked for, and once', async () => {
  await using cache = new KanikoCache(engine, aPlan(), {})
  expect(await names()).toEqual([])
  const [mount, other] = await Promise.all([cache.open(), cache.open()])
  expect(mount).toEqual({ type: 'volume', source: 'kaniko-volume', target: '/kaniko/cache/layers' })
  expect(other).toEqual(mount)
  expect(await names()).toEqual(['kaniko-volume'])
})

test('a new volume goes with a build that fails, and stays after one that does not', async () => {
  for (const keep of [false, true]) {
    {
      await using cache = new KanikoCache(engine, aPlan(), {})
      await cache.open()
      if (keep) cache.keep()
    }
    expect(await names()).toEqual(keep ? ['kaniko-volume'] : [])
  }
})

test('what earlier builds left survives one that fails', async () => {
  await engine.volumes.create('kaniko-volume', { 'dev.cnb.cache': 'true' })
  {
    await using cache = new KanikoCache(engine, aPlan(), {})
    await cache.open()
  }
  expect(await names()).toEqual(['kaniko-volume'])
})

test('--clear-cache makes a new volume of it', async () => {
  await engine.volumes.create('kaniko-volume', { 'dev.cnb.cache': 'true', old: 'yes' })
  await using cache = new KanikoCache(engine, aPlan({ clearCache: true }), {})
  await cache.open()
  const [volume] = await engine.volumes.list('dev.cnb.cache')
  expect(volume?.labels).toEqual({ 'dev.cnb.cache': 'true' })
})
