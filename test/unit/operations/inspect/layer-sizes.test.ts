import { expect, test } from 'vitest'
import { inspectLayers } from '../../../../src/operations/inspect/layer-sizes.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { layerOf, loadImage } from '../../../engine/images/crafted.ts'
import { craftApp } from '../../../support/images/crafted-app.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { placesWith } from '../../../support/places.ts'
import { pushImage } from '../../../support/images/push-image.ts'
import { openClient } from '../../../support/registry/registry-client.ts'

test('sums the layers of an app by maker, from the bottom up', async () => {
  const engine = new FakeEngine()
  await loadImage(engine, 'app', await craftApp())
  const sizes = await inspectLayers({ image: 'app' }, placesWith({ engine }), {})
  expect(sizes.builtByBuildpacks).toBe(true)
  expect(sizes.makers.map(({ kind, name, layers }) => [kind, name, layers.map((layer) => layer.name)])).toEqual([
    ['run image', 'my/run:1', ['step 0', 'step 1']],
    ['buildpack', 'a/node@1.2', ['deps']],
    ['sbom', 'sbom', ['sbom']],
    ['app', 'app', ['app']],
    ['launcher', 'launcher', ['launcher']],
    ['config', 'config', ['config']],
    ['process types', 'process types', ['process types']],
    ['step', 'step 8', ['step 8']],
  ])
  for (const { size, layers } of sizes.makers) expect(size).toBe(layers.reduce((sum, layer) => sum + (layer.size ?? NaN), 0))
  expect(sizes.makers.reduce((sum, { share = NaN }) => sum + share, 0)).toBeCloseTo(1, 2)
})

test('separates the layers of image extensions from the run image', async () => {
  const engine = new FakeEngine()
  const app = await craftApp()
  await loadImage(engine, 'app', app)
  const { images } = engine
  const history = images.history.bind(images)
  images.history = async (...request) => {
    const steps = await history(...request)
    return steps.map((step) => (step.createdBy === 'step 1' ? { ...step, createdBy: "Layer: 'RUN apt-get install', Created by extension: acme/tools" } : step))
  }
  const { makers } = await inspectLayers({ image: 'app' }, placesWith({ engine }), {})
  expect(makers.slice(0, 2)).toMatchObject([
    { kind: 'run image', layers: [{ name: 'step 0' }] },
    { kind: 'extension', name: 'acme/tools', layers: [{ name: 'RUN apt-get install' }] },
  ])
})

test('lists the history of an image that buildpacks did not build, and reads no layer', async () => {
  await using registry = await new MemoryRegistry().start()
  await using client = openClient()
  const name = `${registry.address}/plain:1`
  const layers = [await layerOf('a', 'a'), await layerOf('b', 'b'.repeat(5000))]
  await pushImage(client.registries, name, { layers })
  registry.takeRequests()
  const sizes = await inspectLayers({ image: name, remote: true }, placesWith({ registries: client.registries }), {})
  expect(sizes).toMatchObject({
    builtByBuildpacks: false,
    makers: layers.map((layer, index) => ({ kind: 'step', name: `step ${index}`, layers: [{ diffId: digestOf(layer) }] })),
  })
  expect(sizes.makers.map(({ size }) => size)).toEqual([undefined, undefined])
  expect(sizes.makers.reduce((sum, { compressedSize = NaN }) => sum + compressedSize, 0)).toBe(sizes.compressedSize)
  // The configuration is the only blob.
  expect(registry.takeRequests().filter((request) => request.includes('/blobs/'))).toHaveLength(1)
})

test('has no share if the engine does not report the size of every layer', async () => {
  const engine = new FakeEngine()
  await loadImage(engine, 'app', await craftApp())
  engine.images.history = async () => []
  const { makers } = await inspectLayers({ image: 'app' }, placesWith({ engine }), {})
  expect(makers.map(({ size, share }) => [size, share])).toEqual(makers.map(() => [undefined, undefined]))
  expect(makers.at(-1)?.name).toBe('unknown')
})
