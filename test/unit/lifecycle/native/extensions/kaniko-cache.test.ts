import { beforeEach, expect, test } from 'vitest'
import { KanikoCache } from '../../../../../src/lifecycle/native/extensions/kaniko-cache.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { aBuilder, aPlan, anImage } from '../../../../support/plans.ts'

/** The volume's name ends with a digest of the code sources. */
const VOLUME = expect.stringMatching(/^kaniko-volume-[0-9a-f]{12}$/) as string
const nameOf = async (plan: ReturnType<typeof aPlan>): Promise<string> => {
  await using cache = new KanikoCache(engine, plan, 'me', {})
  const { source } = await cache.open()
  return source
}

let engine: FakeEngine
const names = async (): Promise<string[]> => (await engine.volumes.list('dev.cnb.cache')).map(({ name }) => name)

beforeEach(() => (engine = new FakeEngine()))

test('creates the volume once, on the first open', async () => {
  await using cache = new KanikoCache(engine, aPlan(), 'me', {})
  expect(await names()).toEqual([])
  const [mount, other] = await Promise.all([cache.open(), cache.open()])
  expect(mount).toEqual({ type: 'volume', source: VOLUME, target: '/kaniko/cache/layers' })
  expect(other).toEqual(mount)
  expect(await names()).toEqual([VOLUME])
})

test('removes a new volume if the build fails, and keeps it if the build succeeds', async () => {
  for (const keep of [false, true]) {
    {
      await using cache = new KanikoCache(engine, aPlan(), 'me', {})
      await cache.open()
      if (keep) await cache.keep()
    }
    expect(await names()).toEqual(keep ? [VOLUME] : [])
  }
})

test('keeps the volume of earlier builds if a build fails', async () => {
  await engine.volumes.create(await nameOf(aPlan()), { 'dev.cnb.cache': 'true' })
  {
    await using cache = new KanikoCache(engine, aPlan(), 'me', {})
    await cache.open()
  }
  expect(await names()).toEqual([VOLUME])
})

test('replaces the volume with --clear-cache', async () => {
  await engine.volumes.create(await nameOf(aPlan()), { 'dev.cnb.cache': 'true', old: 'yes' })
  await using cache = new KanikoCache(engine, aPlan({ clearCache: true }), 'me', {})
  await cache.open()
  const [volume] = await engine.volumes.list('dev.cnb.cache')
  expect(volume?.labels).toEqual({ 'dev.cnb.cache': 'true' })
})

test('uses a separate volume for each builder and run image, and the same one after an upgrade', async () => {
  const run = (name: string) => ({ runImage: { name, image: anImage({ reference: name }) } })
  const builder = (reference: string) => ({ builder: aBuilder({ image: anImage({ reference, id: `sha256:${'b'.repeat(64)}` }) }) })
  const own = await nameOf(aPlan())
  expect(await nameOf(aPlan({ ...builder('some/builder:2'), ...run('some/run:2') }))).toBe(own)
  expect(new Set([own, await nameOf(aPlan(builder('other/builder'))), await nameOf(aPlan(run('other/run')))]).size).toBe(3)
})
