import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { rebase, type RebaseOptions } from '../../../../src/operations/rebase/rebase.ts'
import { layerOf, loadApp, loadImage, type CraftedApp } from '../../../engine/images/crafted.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { anyNumber, anyString, containing } from '../../../support/matching.ts'

let engine: FakeEngine
let crafted: CraftedApp
let directory: TemporaryDirectory
let events: CnbEvent[]

beforeEach(async () => {
  engine = new FakeEngine()
  crafted = await loadApp(engine)
  directory = await makeTemporaryDirectory()
  events = []
})

afterEach(() => directory[Symbol.asyncDispose]())

function run(options: Partial<RebaseOptions>, signal?: AbortSignal) {
  const services = { engine, owner: '', sweep: async () => {}, credentials: async () => undefined, host: { env: {}, cwd: directory.path, home: directory.path } }
  return rebase({ image: crafted.app, ...options }, services, { events: (event) => events.push(event), ...(signal ? { signal } : {}) })
}

const idOf = async (name: string) => (await engine.images.inspect(name))?.id

test('moves the app to the run image under the same name, and returns the result', async () => {
  const before = await idOf(crafted.app)
  const result = await run({ runImage: crafted.newRun })
  const image = await engine.images.inspect(crafted.app)
  expect(image?.diffIds).toEqual([...crafted.newRunLayers, ...crafted.appLayers].map(digestOf))
  expect(result).toEqual({
    image: crafted.app,
    id: image?.id,
    reference: image?.id,
    runImage: crafted.newRun,
    previousRunImage: crafted.oldRun,
    changed: true,
    reason: anyString,
    durationMs: anyNumber,
  })
  expect(image?.id).not.toBe(before)
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['step.start', 'step.end']))
})

test('pulls the run image from a registry mirror of the configuration', async () => {
  const runImage = 'r.example/team/run:1'
  const copy = 'm.example/team/run:1'
  await engine.images.tag(crafted.newRun, copy)
  engine.registry.set(copy, await buffer(await engine.images.save(copy)))
  await engine.images.remove(copy)
  await mkdir(join(directory.path, '.pack'))
  await writeFile(join(directory.path, '.pack/config.toml'), '[registry-mirrors]\n"r.example" = "m.example"')
  expect(await run({ runImage, force: true })).toMatchObject({ runImage, changed: true })
  expect(await idOf(runImage)).toBe(await idOf(crafted.newRun))
  expect(await idOf(copy)).toBeUndefined()
})

test('creates another image from --previous-image and keeps the source', async () => {
  const before = await idOf(crafted.app)
  await run({ image: 'made/here', previousImage: crafted.app, runImage: crafted.newRun })
  expect(await idOf(crafted.app)).toBe(before)
  expect(await idOf('made/here')).toBeDefined()
})

test('tags an app that already uses the run image, without a change', async () => {
  const first = await run({ runImage: crafted.newRun })
  const again = await run({ image: 'made/again', previousImage: crafted.app, runImage: crafted.newRun })
  expect(again).toMatchObject({ id: first.id, changed: false, image: 'made/again:latest' })
  expect(await idOf('made/again')).toBe(first.id)
})

test('reports changes and their reason in a dry run, and changes nothing', async () => {
  const before = await idOf(crafted.app)
  expect(await run({ runImage: crafted.newRun, dryRun: true })).toMatchObject({ changed: true, id: before, reason: containing(crafted.newRun) })
  expect(await idOf(crafted.app)).toBe(before)
  await run({ runImage: crafted.newRun })
  expect(await run({ runImage: crafted.newRun, dryRun: true })).toMatchObject({ changed: false })
})

describe('without --run-image', () => {
  test('uses the first available run image of the label', async () => {
    await engine.images.remove(crafted.oldRun)
    expect(await run({})).toMatchObject({ runImage: crafted.newRun, changed: true })
  })

  test('reports the first run image if none is available', async () => {
    for (const name of [crafted.oldRun, crafted.newRun]) await engine.images.remove(name)
    await expect(run({})).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: containing(crafted.oldRun) })
  })

  test('refuses an image without a run image in its label', async () => {
    await loadImage(engine, 'no/run', { layers: [await layerOf('a', 'a')], config: { Labels: { 'io.buildpacks.lifecycle.metadata': '{}' } } })
    await expect(run({ image: 'no/run' })).rejects.toMatchObject({ code: 'CNB_NOT_REBASABLE', hint: containing('--run-image') })
  })
})

test('pulls the run image according to the policy', async () => {
  await run({ runImage: crafted.newRun, pullPolicy: 'never' })
  await run({ runImage: crafted.newRun, pullPolicy: 'if-not-present' })
  expect(events.filter(({ type }) => type === 'pull.start')).toEqual([])
  await run({ runImage: crafted.newRun })
  expect(events.filter(({ type }) => type === 'pull.start')).toEqual([{ type: 'pull.start', reference: crafted.newRun }])
})

describe('with a configuration file', () => {
  const configure = async (text: string): Promise<void> => {
    await mkdir(join(directory.path, '.cnb'))
    await writeFile(join(directory.path, '.cnb/config.toml'), text)
  }

  test("tries the user's mirror of a run image first, and records the mirrored name", async () => {
    await configure(`[[run-images]]\nimage = "${crafted.oldRun}"\nmirrors = ["corp/run"]`)
    await engine.images.tag(crafted.newRun, 'corp/run')
    expect(await run({})).toMatchObject({ runImage: 'corp/run', changed: true })
    const label = (await engine.images.inspect(crafted.app))?.config.Labels?.['io.buildpacks.lifecycle.metadata'] ?? ''
    expect(label).toContain(crafted.oldRun)
    expect(label).not.toContain('corp/run')
  })

  test('uses its pull policy by default', async () => {
    await configure('pull-policy = "never"')
    await run({ runImage: crafted.newRun })
    expect(events.filter(({ type }) => type === 'pull.start')).toEqual([])
    await run({ runImage: crafted.newRun, pullPolicy: 'always' })
    expect(events.filter(({ type }) => type === 'pull.start')).toHaveLength(1)
  })
})

test('refuses a run image of another platform, and warns with --force', async () => {
  const arm = new FakeEngine({ platform: { os: 'linux', architecture: 'arm64' } })
  await loadImage(arm, 'my/arm', { layers: [await layerOf('arm', 'arm')] })
  await engine.images.load(await arm.images.save('my/arm'))
  await engine.images.tag('my/arm', crafted.newRun)
  await expect(run({ runImage: crafted.newRun })).rejects.toMatchObject({ code: 'CNB_NOT_REBASABLE', message: containing('arm64') })
  await run({ runImage: crafted.newRun, force: true })
  expect(events).toContainEqual({ type: 'warning', message: containing('arm64') })
  expect((await engine.images.inspect(crafted.app))?.platform).toMatchObject({ architecture: 'arm64' })
})

test.each([
  ['missing app', { image: 'not/there' }, 'CNB_IMAGE_NOT_FOUND'],
  ['missing run image', { runImage: 'not/there', pullPolicy: 'never' as const }, 'CNB_IMAGE_NOT_FOUND'],
  ['name that is not a reference', { image: 'NOT A NAME' }, 'CNB_REFERENCE_INVALID'],
  ['name with a digest', { image: `app@sha256:${'0'.repeat(64)}` }, 'CNB_REFERENCE_INVALID'],
  ['run image as the app', { image: 'made/here', previousImage: 'my/plain' }, 'CNB_NOT_REBASABLE'],
])('throws for a %s, and creates no image', async (_, options, code) => {
  await loadImage(engine, 'my/plain', { layers: [await layerOf('a', 'a')] })
  await expect(run({ runImage: crafted.newRun, ...options })).rejects.toMatchObject({ code, hint: anyString })
  expect(await idOf('made/here')).toBeUndefined()
})

describe('report.toml', () => {
  test('contains the name, the ID in the lifecycle\'s form, and a reproducible manifest size', async () => {
    const { id } = await run({ runImage: crafted.newRun, reportOutputDir: 'out/reports' })
    const text = await readFile(join(directory.path, 'out/reports/report.toml'), 'utf8')
    const size = /^manifest-size = (\d+)$/m.exec(text)?.[1]
    expect(text).toBe(`[image]\ntags = [ "${crafted.app}" ]\nimage-id = "${id.slice('sha256:'.length)}"\nmanifest-size = ${size}\n`)
    expect(Number(size)).toBeGreaterThan(500)
    await run({ runImage: crafted.newRun, reportOutputDir: 'again' })
    expect(await readFile(join(directory.path, 'again/report.toml'), 'utf8')).toBe(text)
    expect(await readdir(join(directory.path, 'out/reports'))).toEqual(['report.toml'])
  })

  test('causes an error with its path if it cannot be written', async () => {
    await writeFile(join(directory.path, 'file'), '')
    await expect(run({ runImage: crafted.newRun, reportOutputDir: 'file' })).rejects.toMatchObject({
      code: 'CNB_OUTPUT',
      message: containing(join(directory.path, 'file/report.toml')),
    })
  })
})

test('keeps the old image under the name after an interrupt', async () => {
  const before = await idOf(crafted.app)
  const abort = new AbortController()
  abort.abort()
  await expect(run({ runImage: crafted.newRun, pullPolicy: 'never' }, abort.signal)).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(await idOf(crafted.app)).toBe(before)
})
