/** Our rebase compared with the lifecycle's rebaser, on the engine at $DOCKER_HOST. */

import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import type { Engine } from '../../../src/docker/engine.ts'
import { openEngineImages } from '../../../src/images/engine/engine-source.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { rebase, type RebaseOptions } from '../../../src/operations/rebase/rebase.ts'
import { connectToEngine, loadApp, loadImage, layerOf, ownName, type CraftedApp } from './crafted.ts'
import { anyNumber, containing } from '../../support/matching.ts'

const run = promisify(execFile)
const lifecycle = join(import.meta.dirname, '../../../builders/sample/lifecycle')

let engine: Engine
let crafted: CraftedApp
let directory: TemporaryDirectory
const names: string[] = []

beforeAll(async () => {
  await run(join(lifecycle, 'build'))
  engine = await connectToEngine()
  directory = await makeTemporaryDirectory('cnb-images-')
  crafted = await loadApp(engine)
  names.push(crafted.app, crafted.oldRun, crafted.newRun)
})

afterAll(async () => {
  for (const name of names) await engine.images.remove(name)
  engine.close()
  await directory[Symbol.asyncDispose]()
})

function newName(): string {
  const name = ownName('rebased')
  names.push(name)
  return name
}

function ours(options: RebaseOptions, events: CnbEvent[] = []) {
  const services = { engine, owner: '', sweep: async () => {}, credentials: async () => undefined, host: { env: {}, cwd: directory.path, home: directory.path } }
  return rebase({ pullPolicy: 'never', ...options }, services, { events: (event) => events.push(event) })
}

async function theirs(name: string, ...args: string[]): Promise<void> {
  const { apiVersion } = await engine.info()
  const env = { ...process.env, DOCKER_HOST: engine.address, DOCKER_API_VERSION: apiVersion, CNB_PLATFORM_API: '0.15' }
  const report = join(directory.path, 'theirs.toml')
  await run(join(lifecycle, 'out/lifecycle/rebaser'), ['-daemon', '-report', report, ...args, name], { env })
}

async function contents(name: string): Promise<Record<string, unknown>> {
  const image = await engine.images.inspect(name)
  return { config: image?.config, diffIds: image?.diffIds, platform: image?.platform, created: image?.created, author: image?.author }
}

test("makes the image of the lifecycle's rebaser, with the same ID on a graph-driver engine", async () => {
  const [mine, its] = [newName(), newName()]
  await theirs(its, '-previous-image', crafted.app, '-run-image', crafted.newRun)
  const result = await ours({ image: mine, previousImage: crafted.app, runImage: crafted.newRun, reportOutputDir: 'report' })

  expect(result).toMatchObject({ image: mine, runImage: crafted.newRun, previousRunImage: crafted.oldRun, changed: true })
  expect(await contents(mine)).toEqual(await contents(its))
  const { imageStore } = await engine.info()
  if (imageStore === 'graphdriver') expect(result.id).toBe((await engine.images.inspect(its))?.id)

  const report = await readFile(join(directory.path, 'report/report.toml'), 'utf8')
  expect(parseToml(report, 'ours')).toEqual({ image: { tags: [mine], 'image-id': result.id.replace('sha256:', ''), 'manifest-size': anyNumber } })
  const itsReport = parseToml(await readFile(join(directory.path, 'theirs.toml'), 'utf8'), 'theirs')
  expect(itsReport).toMatchObject({ image: { tags: [its], 'image-id': (await engine.images.inspect(its))?.id.replace('sha256:', ''), 'manifest-size': anyNumber } })
})

test('records a forced run image that the app does not name as the rebaser does', async () => {
  const [mine, its, other] = [newName(), newName(), newName()]
  await engine.images.tag(crafted.newRun, other)
  await theirs(its, '-force', '-previous-image', crafted.app, '-run-image', other)
  const events: CnbEvent[] = []
  const result = await ours({ image: mine, previousImage: crafted.app, runImage: other, force: true }, events)

  expect(await contents(mine)).toEqual(await contents(its))
  if ((await engine.info()).imageStore === 'graphdriver') expect(result.id).toBe((await engine.images.inspect(its))?.id)
  expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1)
})

test('keeps all layers: the engine saves the rebased image completely', async () => {
  const name = newName()
  await ours({ image: name, previousImage: crafted.app, runImage: crafted.newRun })
  await using images = openEngineImages(engine, 'test')
  const image = await images.find(name)
  const expected = [...crafted.newRunLayers, ...crafted.appLayers].map(digestOf)
  expect(image?.layers.map(({ diffId }) => diffId)).toEqual(expected)
  for (const layer of image?.layers ?? []) {
    const chunks: Buffer[] = []
    for await (const chunk of await layer.open()) chunks.push(chunk as Buffer)
    expect(digestOf(Buffer.concat(chunks))).toBe(layer.diffId)
  }
})

test('changes nothing in a second rebase to the same run image', async () => {
  const name = newName()
  const first = await ours({ image: name, previousImage: crafted.app, runImage: crafted.newRun })
  const second = await ours({ image: name, runImage: crafted.newRun })
  expect(second).toMatchObject({ id: first.id, changed: false })
  expect((await engine.images.inspect(name))?.id).toBe(first.id)
})

test("uses the run image of the app's label without --run-image", async () => {
  const name = newName()
  // The old image keeps a name, by which the test removes it.
  await engine.images.tag(crafted.oldRun, newName())
  await engine.images.tag(crafted.newRun, crafted.oldRun)
  const result = await ours({ image: name, previousImage: crafted.app })
  expect(result).toMatchObject({ runImage: crafted.oldRun, changed: true })
  expect((await engine.images.inspect(name))?.diffIds.slice(0, 3)).toEqual(crafted.newRunLayers.map(digestOf))
})

test('keeps the old image under its name after a refusal', async () => {
  const stranger = newName()
  await loadImage(engine, stranger, { layers: [await layerOf('etc/x', 'x')], config: { Labels: { 'io.buildpacks.base.distro.name': 'alpine' } } })
  const before = await engine.images.inspect(crafted.app)
  await expect(ours({ image: crafted.app, runImage: stranger })).rejects.toMatchObject({
    code: 'CNB_NOT_REBASABLE',
    message: containing("distribution is 'debian'"),
    hint: containing('--force'),
  })
  expect((await engine.images.inspect(crafted.app))?.id).toBe(before?.id)
  expect(await readdir(directory.path)).not.toContain('report.toml')
})

test('finds an image that exists on the engine only with the policy always', async () => {
  const name = newName()
  const result = await ours({ image: name, previousImage: crafted.app, runImage: crafted.newRun, pullPolicy: 'always' })
  expect(result.changed).toBe(true)
})
