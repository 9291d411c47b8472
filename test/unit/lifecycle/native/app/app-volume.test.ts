import { beforeEach, expect, test } from 'vitest'
import type { TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import type { Mount } from '../../../../../src/docker/engine.ts'
import type { BuildPlan } from '../../../../../src/lifecycle/lifecycle.ts'
import { planAppVolume } from '../../../../../src/lifecycle/native/app/app-volume.ts'
import { directoryOfLargeApp } from '../../../../../src/lifecycle/native/app/large-app.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../../support/fakes/fake-image.ts'
import { aBuilder, anImage, aPlan } from '../../../../support/plans.ts'

let engine: FakeEngine
beforeEach(() => (engine = new FakeEngine()))

async function* appEntries(): AsyncGenerator<TarEntry> {
  for (let number = 0; number < 200; number++) yield { type: 'directory', name: `workspace/${number}`, mode: 0o755, uid: 0, gid: 0, mtime: 0 }
}

const planOf = (changes: Partial<BuildPlan> = {}): BuildPlan => aPlan({ appEntries, ...changes })

/** Plans the volume of an app as a build does. */
async function planFor(plan: BuildPlan): ReturnType<typeof planAppVolume> {
  return planAppVolume(engine, plan, await directoryOfLargeApp(plan, {}), {})
}

/** Plans the volume, and creates it as the cache does. Returns whether it is new. */
async function create(plan: BuildPlan): Promise<boolean> {
  const volume = (await planFor(plan))!
  const isNew = !(await engine.volumes.exists(volume.name))
  await engine.volumes.create(volume.name, volume.labels)
  return isNew
}

test('is for large apps only', async () => {
  expect(await planFor(aPlan())).toBeUndefined()
  expect(await planFor(planOf())).toMatchObject({ name: 'app-volume' })
})

test.each([['/workspace', '/workspace'], ['/workspace/data', '/workspace'], ['/home', '/home/app']])('is not used for a mount at %s with the app in %s, which would be cleared with it', async (target, appDir) => {
  const volumes: Mount[] = [{ type: 'bind', source: '/home', target }]
  expect(await planFor(planOf({ volumes, appDir }))).toBeUndefined()
  expect(await planFor(planOf({ volumes: [{ type: 'bind', source: '/home', target: '/workspaces' }] }))).toBeDefined()
})

test('belongs to one builder and user, because an engine fills it with their files', async () => {
  const builder = (name: string, uid = 1001) => aBuilder({ uid, image: anImage({ reference: name, id: `sha256:${name}` }) })
  expect(await create(planOf({ builder: builder('a') }))).toBe(true)
  expect(await create(planOf({ builder: builder('a') }))).toBe(false)
  expect(await create(planOf({ builder: builder('b') }))).toBe(true)
  expect(await create(planOf({ builder: builder('b', 1) }))).toBe(true)
})

test('is not used while a build with another builder uses it', async () => {
  await create(planOf())
  const mounts: Mount[] = [{ type: 'volume', source: 'app-volume', target: '/workspace' }]
  await engine.containers.create({ image: await loadFakeImage(engine, 'any'), command: [], mounts })
  expect(await planFor(planOf({ builder: aBuilder({ uid: 7 }) }))).toBeUndefined()
  expect(await planFor(planOf())).toBeDefined()
})
