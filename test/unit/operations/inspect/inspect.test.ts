import { beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../../../src/oci/digest.ts'
import { inspect } from '../../../../src/operations/inspect/inspect.ts'
import { layerOf, loadImage } from '../../../engine/images/crafted.ts'
import { APP_LAYERS, craftApp, type AppChanges, type AppLayer, type CraftedApp } from '../../../support/images/crafted-app.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { containing, matching } from '../../../support/matching.ts'
import { placesWith } from '../../../support/places.ts'

let engine: FakeEngine

beforeEach(() => {
  engine = new FakeEngine()
})

const run = (image: string) => inspect({ image }, placesWith({ engine }), {})

/** Loads `my/app`, and returns its layers by name. */
async function load(changes: AppChanges = {}): Promise<CraftedApp['named']> {
  const { layers, config, named } = await craftApp(changes)
  await loadImage(engine, 'my/app', { layers, config })
  return named
}

test('describes an app image of the current Platform API', async () => {
  const layers = await load()
  const sizes = Object.fromEntries(APP_LAYERS.map((name) => [name, layers[name].length]))
  const entry = (name: AppLayer, what: string, more: object = {}) => ({ diffId: digestOf(layers[name]), size: sizes[name], name: what, ...more })
  expect(await run('my/app')).toEqual({
    image: 'my/app',
    source: 'engine',
    id: (await engine.images.inspect('my/app'))?.id,
    platform: 'linux/amd64',
    created: '2020-01-02T03:04:05Z',
    size: Object.values(sizes).reduce((sum, size) => sum + size, 0),
    target: { os: 'linux', arch: 'amd64', distroName: 'debian' },
    baseImage: { reference: 'repo@sha256:1', topLayer: digestOf(layers.top) },
    runImages: [{ name: 'my/run:1' }, { name: 'r.example/run' }],
    rebasable: true,
    buildpacks: [{ id: 'a/node', version: '1.2', homepage: 'https://example.com' }],
    extensions: [],
    processes: [
      { type: 'web', shell: '', command: 'node', args: ['--x', 'server.js'], default: true, workingDir: '/workspace' },
      { type: 'worker', shell: 'bash', command: 'work', args: [], default: false, workingDir: '/else' },
    ],
    sbom: true,
    lifecycleVersion: '0.21.0',
    layers: [
      entry('base', 'run image'),
      entry('top', 'run image'),
      entry('deps', 'deps', { buildpack: 'a/node@1.2' }),
      entry('sbom', 'sbom'),
      entry('code', 'app'),
      entry('launcher', 'launcher'),
      entry('config', 'config'),
      entry('types', 'process types'),
      entry('stray', 'step 8'),
    ],
  })
})

describe('images of older Platform APIs', () => {
  test('may have the run image in the stack, and commands that are strings', async () => {
    const top = digestOf(await layerOf('top', 'top'.repeat(10)))
    await load({
      labels: { 'io.buildpacks.stack.id': 'my.stack' },
      metadata: { runImage: { topLayer: top, reference: 'x' }, stack: { runImage: { image: 'old/run', mirrors: ['m/run'] } } },
      build: { processes: [{ type: 'web', command: 'npm start', args: [], direct: false }] },
    })
    expect(await run('my/app')).toMatchObject({
      stack: 'my.stack',
      runImages: [{ name: 'old/run' }, { name: 'm/run' }],
      rebasable: true,
      processes: [{ type: 'web', shell: 'bash', command: 'npm start', args: [], default: true }],
    })
  })

  test('may have the default process in a variable', async () => {
    await load({ config: { Entrypoint: ['/cnb/lifecycle/launcher'], Env: ['CNB_PROCESS_TYPE=worker'] } })
    expect((await run('my/app')).processes.map((process) => process.default)).toEqual([false, true])
  })
})

test('marks no process as default if the image has none', async () => {
  await load({ config: { Entrypoint: ['/cnb/lifecycle/launcher'] } })
  expect((await run('my/app')).processes.map((process) => process.default)).toEqual([false, false])
})

test.each<[string, AppChanges]>([
  ['has the label io.buildpacks.rebasable=false', { labels: { 'io.buildpacks.rebasable': 'false' } }],
  ['does not contain its base', { metadata: { runImage: { topLayer: digestOf('elsewhere') } } }],
])('reports an image that %s as not rebasable', async (_, app) => {
  await load(app)
  expect((await run('my/app')).rebasable).toBe(false)
})

test('numbers app slices, and reports a missing SBOM', async () => {
  const [code, config] = await Promise.all(['code', 'config'].map(async (name) => ({ sha: digestOf(await layerOf(name, name.repeat(10))) })))
  await load({ metadata: { app: [code, config], config: { sha: '' }, sbom: undefined } })
  const { layers, sbom } = await run('my/app')
  expect(layers.map(({ name }) => name).filter((name) => name.startsWith('app'))).toEqual(['app slice 1', 'app slice 2'])
  expect(sbom).toBe(false)
})

test('distinguishes identical layers by position', async () => {
  const content = await layerOf('same', 'same')
  const sha = digestOf(content)
  const label = { buildpacks: [{ key: 'a', version: '1', layers: { one: { sha, launch: true } } }], app: [{ sha }], runImage: { topLayer: digestOf(await layerOf('b', 'b')) } }
  await loadImage(engine, 'my/twins', { layers: [await layerOf('b', 'b'), content, content], config: { Labels: { 'io.buildpacks.lifecycle.metadata': JSON.stringify(label) } } })
  expect((await run('my/twins')).layers.map(({ name }) => name)).toEqual(['run image', 'one', 'app'])
})

describe('the size of a layer', () => {
  const sizesWith = async (history: { size: number }[]): Promise<(number | undefined)[]> => {
    await load()
    engine.images.history = async () => history.map(({ size }) => ({ created: 0, createdBy: '', comment: '', size }))
    return (await run('my/app')).layers.map(({ size }) => size)
  }
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9]

  test('comes from the history, without entries that have no layer', async () => {
    const steps = [...nine].reverse().map((size) => ({ size }))
    expect(await sizesWith(steps)).toEqual(nine)
    expect(await sizesWith([{ size: 0 }, ...steps, { size: 0 }])).toEqual(nine)
  })

  test('is undefined if the history of an image with a size has none, as on a containerd store without its layers', async () => {
    expect(await sizesWith(nine.map(() => ({ size: 0 })))).toEqual(nine.map(() => undefined))
  })

  test('is undefined if layers and history do not match', async () => {
    expect(await sizesWith([])).toEqual(nine.map(() => undefined))
    expect(await sizesWith(nine.slice(1).map((size) => ({ size })))).toEqual(nine.map(() => undefined))
  })
})

describe('inspect', () => {
  test('throws for a missing image', async () => {
    await expect(run('not/there')).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', hint: containing('cnb build not/there') })
  })

  test('throws for an image that buildpacks did not build', async () => {
    await loadImage(engine, 'my/plain', { layers: [await layerOf('a', 'a')] })
    await expect(run('my/plain')).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: containing('io.buildpacks.lifecycle.metadata') })
  })

  test('throws for a builder, with a hint to `builder inspect`', async () => {
    await loadImage(engine, 'my/builder', { layers: [await layerOf('a', 'a')], config: { Labels: { 'io.buildpacks.builder.metadata': '{}' } } })
    await expect(run('my/builder')).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', hint: containing('cnb builder inspect my/builder') })
  })

  test('throws for an image with a malformed label', async () => {
    await load({ build: { processes: 'none' } })
    await expect(run('my/app')).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: matching(/'io\.buildpacks\.build\.metadata\.processes' must be a list/) })
  })
})
