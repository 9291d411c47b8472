/** Layers that are restored from a cache that the user chose: whole builds on the fake engine. */

import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { type FakeBuilds, type FakeLayer, loadFakeBuilder, openFakeBuilds } from '../../../support/fakes/fake-builds.ts'

const FILE = '/layers/test_node/dist/bin/node'
const LAYER: FakeLayer = { launch: true, cache: true, metadata: { version: '1' } }

let builds: FakeBuilds
/** The file that the buildpack found in its layer, in each build. */
let found: (string | undefined)[]
let directory: string

/** Builds on an engine without volumes of earlier builds. */
async function build(): ReturnType<FakeBuilds['build']> {
  for (const { name } of await builds.engine.volumes.list('dev.cnb.cache')) await builds.engine.volumes.remove(name)
  builds.engine.reads.splice(0)
  return builds.build({ cache: [`type=build;format=bind;source=${directory}`] })
}

beforeEach(async () => {
  builds = await openFakeBuilds()
  directory = join(builds.host.home, 'cache')
  found = []
  builds.work = (made) => {
    found.push(made.read('test_node/dist/bin/node'))
    made.layer('dist', { ...LAYER, ...(found.at(-1) === undefined ? { files: { 'bin/node': `made in build ${found.length}` } } : {}) })
  }
})

const readLayers = (): string[] => builds.engine.reads.splice(0).filter((path) => path.startsWith('/layers/test_node'))
const exported = async (): Promise<string | undefined> => (await builds.contents()).get(FILE)

test('does not read an unchanged layer again', async () => {
  const first = await build()
  const second = await build()
  expect(found).toEqual([undefined, 'made in build 1'])
  expect(second.id).toBe(first.id)
  expect(readLayers()).toEqual([])
})

test('reads the launcher of a builder only if the cache does not describe it', async () => {
  const launchers = (): number => builds.engine.reads.filter((path) => path === '/cnb/lifecycle/launcher').length
  await build()
  expect(launchers()).toBe(1)
  await build()
  expect(launchers()).toBe(0)
  await loadFakeBuilder(builds.engine, { description: 'another image' })
  await build()
  expect(launchers()).toBe(1)
})

describe('a layer', () => {
  test.each<[string, FakeBuilds['work']]>([
    ['changes a file', (made) => made.layer('dist', { ...LAYER, files: { 'bin/node': 'changed' } })],
    ['rewrites a file with the same content', (made) => made.layer('dist', { ...LAYER, files: { 'bin/node': 'made in build 1' } })],
    ['adds a file', (made) => made.layer('dist', { ...LAYER, files: { 'bin/npm': 'added' } })],
  ])('is read again if its buildpack %s while it builds', async (_, work) => {
    await build()
    builds.work = work
    await build()
    expect(readLayers()).toContain('/layers/test_node/dist')
  })

  test('is read again if its buildpack changes it while it detects', async () => {
    await build()
    builds.detect = ({ files }) => void files.write(FILE, 'changed by detect', { uid: 1001, gid: 1000 })
    await build()
    expect(readLayers()).toContain('/layers/test_node/dist')
    expect(await exported()).toBe('changed by detect')
  })
})

describe.each<[string, () => void]>([
  ['one container', () => {}],
  ['two containers, for a builder without a shell', () => void builds.engine.programs.delete('/bin/sh')],
])('restores in %s', (_way, choose) => {
  test.each<[string, Buffer]>([['damaged', Buffer.from('no tar')], ['empty', Buffer.alloc(0)]])('drops a layer with its files if it is %s, with a warning', async (_, content) => {
    choose()
    await build()
    const tars = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.tar'))
    for (const name of tars) await writeFile(join(directory, name), content)
    expect(tars).toHaveLength(1)
    let present: string[] = []
    builds.detect = ({ files }) => void (present = files.list('/layers').map(([path]) => path))
    await build()
    expect(present.filter((path) => path.startsWith('/layers/test_node/dist'))).toEqual([])
    expect(found).toEqual([undefined, undefined])
    expect(await exported()).toBe('made in build 2')
    expect(builds.events).toContainEqual(expect.objectContaining({ type: 'warning', message: expect.stringContaining("cannot use 'test/node:dist' of the cache") as string }))
  })
})
