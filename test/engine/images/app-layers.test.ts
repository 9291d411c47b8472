/** Layers of apps by the lifecycle's exporter, on the engine at $DOCKER_HOST. */

import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TemporaryDirectory } from '../../../src/base/files.ts'
import { OWNER_LABEL, type Engine } from '../../../src/docker/engine.ts'
import { openEngineImages } from '../../../src/images/engine/engine-source.ts'
import type { Image, ImagePlan, Layer } from '../../../src/images/image.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { rebase } from '../../../src/operations/rebase/rebase.ts'
import { docker, runImage } from '../../support/engines/docker.ts'
import { connectToEngine, layerOf, memoryLayer, ownName } from './crafted.ts'
import { buildLifecycle, exportApp, makeAppsDirectory, RUN_IMAGE } from './exported.ts'
import { watch, type WatchedEngine } from './watched.ts'

const OWNER = `cnb-images-${process.pid}`
const MEGABYTE = 1024 * 1024

let engine: Engine
let graphDriver: boolean
let directory: TemporaryDirectory
const names: string[] = []

function newName(kind: string): string {
  const name = ownName(kind)
  names.push(name)
  return name
}

let app: string
let newRun: string

beforeAll(async () => {
  await buildLifecycle()
  engine = await connectToEngine()
  graphDriver = (await engine.info()).imageStore === 'graphdriver'
  directory = await makeAppsDirectory()
  app = newName('app')
  newRun = newName('run')
  await exportApp(engine, app, join(directory.path, 'app'), { text: 'hello' })
  await using images = openEngineImages(engine, OWNER)
  const run = (await images.find(RUN_IMAGE))!
  await images.save(planOn(run, [memoryLayer(await layerOf('etc/base-version', '2'))], newRun))
})

afterAll(async () => {
  for (const name of names) await engine.images.remove(name)
  engine.close()
  await directory[Symbol.asyncDispose]()
})

/** `base` with more layers. */
function planOn(base: Image, added: readonly Layer[], name: string, previous?: Image): ImagePlan {
  const layers = [...base.layers, ...added]
  const config = { ...base.config, rootfs: { type: 'layers' as const, diff_ids: layers.map(({ diffId }) => diffId) }, history: [] }
  return { base, config, layers, tags: [parseTag(name)], ...(previous ? { previous } : {}) }
}

const rebaseOnNewRun = async ({ engine: watched }: WatchedEngine, image: string) => {
  const services = { engine: watched, owner: OWNER, sweep: async () => {}, credentials: async () => undefined, host: { env: {}, cwd: '/', home: '/' } }
  return rebase({ image, previousImage: app, runImage: newRun, force: true, pullPolicy: 'never' }, services, {})
}

test('returns every layer of the app without a save of the image, and leaves no container behind', async () => {
  const { engine: watched, saved } = watch(engine)
  {
    await using images = openEngineImages(watched, OWNER)
    const [image, run] = [(await images.find(app))!, (await images.find(RUN_IMAGE))!]
    const own = image.layers.slice(run.layers.length)
    // Two of the buildpack's, SBOM, app, launcher, config, processes.
    expect(own).toHaveLength(7)
    for (const layer of own) expect(digestOf(await buffer(await layer.open()))).toBe(layer.diffId)
  }
  expect(saved).toEqual([])
  expect((await engine.containers.list(OWNER_LABEL)).filter(({ labels }) => labels[OWNER_LABEL] === OWNER)).toEqual([])
})

test('saves no image in a rebase, and sends at most the layers of the app', async () => {
  const [watched, name] = [watch(engine), newName('rebased')]
  const { id } = await rebaseOnNewRun(watched, name)
  expect(watched.saved).toEqual([])
  expect(watched.loaded).toEqual([expect.any(Number)])
  // The base has more than 30 MB, the app 6 MB.
  expect(watched.loaded[0]).toBeLessThan(graphDriver ? 10 * MEGABYTE : 64 * 1024)
  expect(await runImage(name)).toBe('hello')
  expect(await docker('run', '--rm', '--network', 'none', '--entrypoint', 'cat', name, '/etc/base-version')).toBe('2')
  expect((await engine.images.inspect(name))?.id).toBe(id)
})

test('omits layers that the engine has', async () => {
  const [first, second, watched] = [newName('rebased'), newName('rebased'), watch(engine)]
  const { id } = await rebaseOnNewRun(watch(engine), first)
  expect((await rebaseOnNewRun(watched, second)).id).toBe(id)
  expect([watched.saved, watched.loaded]).toEqual([[], []])
})

test('sends one layer for an image with one new layer', async () => {
  const [watched, name] = [watch(engine), newName('changed')]
  await using images = openEngineImages(watched.engine, OWNER)
  const [run, previous] = [(await images.find(RUN_IMAGE))!, (await images.find(app))!]
  const changed = memoryLayer(await layerOf('changed', 'x'))
  await images.save(planOn(run, [...previous.layers.slice(run.layers.length), changed], name, previous))
  expect(watched.saved).toEqual([])
  expect(watched.loaded).toEqual([expect.any(Number)])
  expect(watched.loaded[0]).toBeLessThan(64 * 1024)
  expect((await images.find(name))?.layers.map(({ diffId }) => diffId)).toEqual([...previous.layers.map(({ diffId }) => diffId), changed.diffId])
})
