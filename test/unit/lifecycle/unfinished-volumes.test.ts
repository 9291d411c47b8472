import { beforeEach, expect, test } from 'vitest'
import { OWNER_LABEL } from '../../../src/docker/engine.ts'
import { removeOrphans } from '../../../src/docker/orphans.ts'
import { UnfinishedVolumes } from '../../../src/lifecycle/unfinished-volumes.ts'
import { ANY_OWNER, deadOwners } from '../../support/engines/owners.ts'
import { FakeEngine } from '../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../support/fakes/fake-image.ts'

let engine: FakeEngine
beforeEach(() => (engine = new FakeEngine()))

const caches = async (): Promise<string[]> => (await engine.volumes.list('dev.cnb.cache')).map(({ name }) => name).sort()
const markers = async (): Promise<string[]> => (await engine.volumes.list(OWNER_LABEL)).map(({ name }) => name)
const open = (): UnfinishedVolumes => new UnfinishedVolumes(engine, ANY_OWNER, {})

test('removes new volumes unless they are kept, and keeps existing ones', async () => {
  await engine.volumes.create('old', { 'dev.cnb.cache': 'true' })
  {
    await using volumes = open()
    await volumes.create('old', 'new', 'kept')
    expect(await caches()).toEqual(['kept', 'new', 'old'])
    await volumes.keep('old', 'kept')
    expect(await markers()).toHaveLength(1)
  }
  expect(await caches()).toEqual(['kept', 'old'])
  expect(await markers()).toEqual([])
})

test('creates no marker if all volumes exist', async () => {
  await engine.volumes.create('old', { 'dev.cnb.cache': 'true' })
  await using volumes = open()
  await volumes.create('old')
  expect(await markers()).toEqual([])
})

/** An engine that fails all calls after the first `calls`, as if the process were killed. */
function killedAfter(calls: number): FakeEngine {
  let left = calls
  const { volumes } = engine
  const alive = <A extends unknown[], R>(method: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
    if (left-- <= 0) throw new Error('killed')
    return method(...args)
  }
  return Object.assign(Object.create(engine) as FakeEngine, {
    volumes: { ...volumes, create: alive(volumes.create.bind(volumes)), remove: alive(volumes.remove.bind(volumes)) },
  })
}

test.each([true, false])('leaves nothing, or everything that was kept, after a kill at any moment (kept: %s)', async (keep) => {
  for (let calls = 0; calls < 8; calls++) {
    engine = new FakeEngine()
    const volumes = new UnfinishedVolumes(killedAfter(calls), ANY_OWNER, {})
    try {
      await volumes.create('one', 'two')
      if (keep) await volumes.keep('one', 'two')
    } catch {
      // Killed.
    }
    await volumes[Symbol.asyncDispose]()
    await removeOrphans(engine, deadOwners)
    expect(await markers()).toEqual([])
    const done = keep && calls >= 4
    expect(await caches(), `after ${calls} calls`).toEqual(done ? ['one', 'two'] : [])
  }
})

test('keeps a volume that another build uses', async () => {
  const image = await loadFakeImage(engine, 'builder')
  await open().create('one', 'two')
  await using _user = await engine.containers.create({ image, command: ['x'], mounts: [{ type: 'volume', source: 'one', target: '/x' }] })
  await removeOrphans(engine, deadOwners)
  expect([await caches(), await markers()]).toEqual([['one'], []])
})
