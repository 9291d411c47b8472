/** Reuse of the layers of earlier builds: whole builds on the fake engine. */

import { beforeEach, describe, expect, test } from 'vitest'
import { BUILDER, type FakeBuilds, type FakeLayer, loadFakeBuilder, NODE, openFakeBuilds } from '../../../support/fakes/fake-builds.ts'
import { writeFiles } from '../../../support/workbench.ts'

const FILE = '/layers/test_node/dist/bin/node'
const LAYER: FakeLayer = { launch: true, cache: true, metadata: { version: '1' } }

let builds: FakeBuilds
/** The file that the buildpack found in its layer, in each build. */
let found: (string | undefined)[]

beforeEach(async () => {
  builds = await openFakeBuilds()
  found = []
  // Creates its layer if it does not find it.
  builds.work = (made) => {
    found.push(made.read('test_node/dist/bin/node'))
    made.layer('dist', { ...LAYER, ...(found.at(-1) === undefined ? { files: { 'bin/node': `made in build ${found.length}` } } : {}) })
  }
})

const exported = async (): Promise<string | undefined> => (await builds.contents()).get(FILE)
const readLayers = (): string[] => builds.engine.reads.splice(0).filter((path) => path.startsWith('/layers/test_node'))

test('reads a new or changed layer once', async () => {
  await builds.build()
  expect(readLayers()).toEqual(['/layers/test_node/dist'])
  builds.work = (made) => made.layer('dist', { ...LAYER, files: { 'bin/node': 'changed' } })
  await builds.build()
  expect(readLayers()).toEqual(['/layers/test_node/dist'])
})

test('restores an unchanged layer, and neither reads nor sends it again', async () => {
  const first = await builds.build()
  expect(readLayers()).not.toEqual([])
  builds.takeLines()
  const second = await builds.build()
  expect(found).toEqual([undefined, 'made in build 1'])
  expect(second.id).toBe(first.id)
  expect(readLayers()).toEqual([])
  expect(builds.takeLines()).toContain("Reusing layer 'test/node:dist'")
})

test('reads an unchanged layer above a changed one once, to send it', async () => {
  const build = async (content: string): Promise<void> => {
    builds.work = (made) => {
      made.layer('a', { ...LAYER, files: { file: content } })
      made.layer('b', { ...LAYER, ...(made.read('test_node/b/file') === undefined ? { files: { file: 'unchanged' } } : {}) })
    }
    await builds.build()
  }
  await build('old')
  readLayers()
  await build('new')
  expect(readLayers().map((path) => path.slice(-1))).toEqual(['a', 'b'])
  expect((await builds.contents()).get('/layers/test_node/b/file')).toBe('unchanged')
})

test('reads the launcher of a builder once', async () => {
  const launchers = (): number => builds.engine.reads.splice(0).filter((path) => path === '/cnb/lifecycle/launcher').length
  await builds.build()
  expect(launchers()).toBe(1)
  await builds.build()
  expect(launchers()).toBe(0)
  await loadFakeBuilder(builds.engine, { description: 'another image' })
  await builds.build()
  expect(launchers()).toBe(1)
})

describe('a layer', () => {
  test('is exported again if its buildpack changes files, but not its metadata', async () => {
    await builds.build()
    builds.work = (made) => made.layer('dist', { ...LAYER, files: { 'bin/node': 'changed' } })
    await builds.build()
    expect(await exported()).toBe('changed')
  })

  test('is exported again if its buildpack removes a file', async () => {
    builds.work = (made) => made.layer('dist', { ...LAYER, files: { 'bin/node': '', 'bin/npm': '' } })
    await builds.build()
    builds.work = (made) => {
      made.layer('dist', LAYER)
      made.files.remove('/layers/test_node/dist/bin/npm')
    }
    await builds.build()
    expect((await builds.contents()).has('/layers/test_node/dist/bin/npm')).toBe(false)
  })

  test.each([
    ['mode', { uid: 1001, gid: 1000, mode: 0o700 }],
    ['owner', { uid: 1002, gid: 1000, mode: 0o755 }],
    ['group', { uid: 1001, gid: 1001, mode: 0o755 }],
  ])('is exported again if its parent directory, which is in its tar, gets another %s', async (_, { uid, gid, mode }) => {
    const first = await builds.build()
    builds.work = (made) => {
      made.layer('dist', LAYER)
      made.files.write('/layers/test_node', '', { type: 'directory', uid, gid, mode })
    }
    const second = await builds.build()
    expect(second.id).not.toBe(first.id)
    expect(readLayers()).toContain('/layers/test_node/dist')
  })

  test('is exported if it was only cached before', async () => {
    builds.work = (made) => made.layer('dist', { ...LAYER, launch: false, build: true, files: { 'bin/node': 'node' } })
    await builds.build()
    builds.work = (made) => made.layer('dist', LAYER)
    await builds.build()
    expect(await exported()).toBe('node')
  })
})

describe('a layer that was changed between two builds is rebuilt', () => {
  test.each<[string, (files: Awaited<ReturnType<FakeBuilds['volume']>>) => void]>([
    ['exists with other content of a file', (files) => files.write('/volume/test_node/dist/bin/node', 'evil', { uid: 1001, gid: 1000 })],
    ['exists with a file rewritten with the same content', (files) => files.write('/volume/test_node/dist/bin/node', 'made in build 1', { uid: 1001, gid: 1000 })],
    ['exists with an additional file', (files) => files.write('/volume/test_node/dist/bin/evil', 'evil', { uid: 1001, gid: 1000 })],
    ['does not exist any more', (files) => files.remove('/volume/test_node/dist')],
    ['exists as a file instead of a directory', (files) => (files.remove('/volume/test_node/dist'), files.write('/volume/test_node/dist', 'evil', { uid: 1001, gid: 1000 }))],
  ])('%s', async (_, change) => {
    await builds.build()
    change(await builds.volume('layers'))
    await builds.build()
    expect(found).toEqual([undefined, undefined])
    expect(await exported()).toBe('made in build 2')
    expect([...(await builds.contents()).values()]).not.toContain('evil')
  })

  test('has a truncated record', async () => {
    await builds.build()
    const { volumes } = builds.engine
    const record = (await volumes.list('dev.cnb.record'))[0]!
    await volumes.remove(record.name)
    await volumes.create(record.name, { ...record.labels, 'dev.cnb.record': record.labels['dev.cnb.record']!.slice(0, 200) })
    await builds.build()
    expect(found).toEqual([undefined, undefined])
  })

  test('loses unrecorded files before a buildpack runs', async () => {
    await builds.build()
    const layers = await builds.volume('layers')
    layers.write('/volume/other/evil.toml', 'evil', { uid: 1001, gid: 1000 })
    layers.write('/volume/test_node/evil.toml', 'evil', { uid: 1001, gid: 1000 })
    let present: string[] = []
    builds.detect = ({ files }) => void (present = files.list('/layers').map(([path]) => path))
    await builds.build()
    expect(present.filter((path) => path.startsWith('/layers/test_node/dist/'))).not.toEqual([])
    expect(present.filter((path) => /evil|other/.test(path))).toEqual([])
    expect(found).toEqual([undefined, 'made in build 1'])
  })
})

describe('no layer is reused: a build', () => {
  test('clears the cache with --clear-cache', async () => {
    await builds.build()
    await builds.build({ clearCache: true })
    expect(found).toEqual([undefined, undefined])
    await builds.build()
    expect(found.at(-1)).toBe('made in build 2')
  })

  test('uses another builder, which causes a warning about its code', async () => {
    await builds.build()
    await loadFakeBuilder(builds.engine, { name: 'other/builder:1', description: 'other' })
    builds.events.splice(0)
    await builds.build({ builder: 'other/builder:1' })
    expect(found).toEqual([undefined, undefined])
    expect(builds.events).toContainEqual({ type: 'warning', message: expect.stringContaining("'some/builder'") as string })
  })

  test('does not use a buildpack of the user that the previous build used', async () => {
    await writeFiles(builds.host.home, { 'evil/buildpack.toml': 'api = "0.11"\n[buildpack]\nid = "evil/buildpack"\nversion = "1"\n', 'evil/bin/detect': '#!/bin/sh\n', 'evil/bin/build': '#!/bin/sh\n' })
    await builds.build({ buildpacks: [NODE.id, `${builds.host.home}/evil`] })
    await builds.build()
    expect(found).toEqual([undefined, undefined])
    await builds.build()
    expect(found.at(-1)).toBe('made in build 2')
  })

  test('has another build user, and replaces the volume', async () => {
    await builds.build()
    await loadFakeBuilder(builds.engine, { uid: 2000 })
    await builds.build()
    expect(found).toEqual([undefined, undefined])
    expect(await exported()).toBe('made in build 2')
    await builds.build()
    expect(found.at(-1)).toBe('made in build 2')
  })

  test('runs concurrently with another one, which causes a warning, and caches nothing', async () => {
    await builds.build()
    const layers = (await builds.engine.volumes.list('dev.cnb.cache')).find(({ name }) => name.endsWith('.layers'))!.name
    const { name } = builds.engine.created.find(({ mounts }) => mounts?.some(({ source }) => source === layers) ?? false)!
    {
      await using _other = await builds.engine.containers.create({ image: BUILDER, command: ['/bin/sh'], name })
      builds.events.splice(0)
      await builds.build()
    }
    expect(builds.events.some(({ type }) => type === 'warning')).toBe(true)
    expect(found).toEqual([undefined, undefined])
    await builds.build()
    expect(found.at(-1)).not.toBe('made in build 2')
    expect((await builds.leftOvers()).containers).toBe(0)
  })
})

test('reuses layers after an upgrade of the builder', async () => {
  await builds.build()
  await loadFakeBuilder(builds.engine, { description: 'upgraded' })
  await builds.build()
  expect(found).toEqual([undefined, 'made in build 1'])
})

test('keeps a launch-only layer in the image without restoring its files', async () => {
  builds.work = (made) => made.layer('dist', { launch: true, files: { 'bin/node': 'node' } })
  await builds.build()
  builds.work = (made) => {
    expect(made.read('test_node/dist.toml')).toBeDefined()
    expect(made.read('test_node/dist/bin/node')).toBeUndefined()
    made.layer('dist', { launch: true })
  }
  await builds.build()
  expect(await exported()).toBe('node')
})

test('drops a layer that its buildpack does not declare any more', async () => {
  await builds.build()
  builds.work = () => {}
  await builds.build()
  expect(await exported()).toBeUndefined()
  builds.work = (made) => void found.push(made.read('test_node/dist/bin/node'))
  await builds.build()
  expect(found).toEqual([undefined, undefined])
})

test('restores store.toml', async () => {
  builds.work = (made) => made.write('test_node/store.toml', '[metadata]\nkept = "yes"\n')
  await builds.build()
  builds.work = (made) => void found.push(made.read('test_node/store.toml'))
  await builds.build()
  expect(found).toEqual([expect.stringContaining('kept = "yes"')])
})
