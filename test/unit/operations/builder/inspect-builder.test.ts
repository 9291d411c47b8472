import { beforeEach, describe, expect, test } from 'vitest'
import { inspectBuilder, type BuilderInspection } from '../../../../src/operations/builder/inspect-builder.ts'
import type { LayerFacts } from '../../../../src/operations/inspect/image-facts.ts'
import { describeBuilderLayers } from '../../../../src/operations/builder/inspect-builder-layers.ts'
import { readBuilder } from '../../../../src/builder/read-builder.ts'
import type { Digest } from '../../../../src/oci/digest.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { placesWith } from '../../../support/places.ts'
import { builderImage, METADATA } from '../../builder/builder-image.ts'

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`
const module = (digit: string, more: object = {}): object => ({ api: '0.11', layerDiffID: digest(digit), ...more })

const LABELS = {
  'io.buildpacks.builder.metadata': JSON.stringify(METADATA),
  'io.buildpacks.stack.id': 'acme',
  'io.buildpacks.buildpack.layers': JSON.stringify({
    'acme/all': { '2': module('3', { order: [{ group: [{ id: 'acme/node', version: '1' }, { id: 'acme/all', version: '2', optional: true }] }] }) },
    'acme/node': { '1': module('4') },
  }),
  'io.buildpacks.extension.layers': JSON.stringify({ 'acme/curl': { '1': module('5') } }),
  'io.buildpacks.buildpack.order': '[{"group":[{"id":"acme/all"}]}]',
  'io.buildpacks.buildpack.order-extensions': '[{"group":[{"id":"acme/curl","version":"1"},{"id":"acme/git","version":"2","optional":true}]},{"group":[{"id":"acme/git","version":"2"}]}]',
}

let engine: FakeEngine
beforeEach(async () => {
  engine = new FakeEngine()
  await loadFakeImage(engine, 'acme/builder', { Labels: LABELS })
})

function inspect(builder: string, depth?: number): Promise<BuilderInspection> {
  return inspectBuilder({ builder, depth }, placesWith({ engine }), {})
}

describe('inspectBuilder', () => {
  test("describes a builder of pack by its labels", async () => {
    expect(await inspect('acme/builder')).toMatchObject({
      builder: 'acme/builder',
      platform: 'linux/amd64',
      description: 'For tests',
      createdBy: { name: 'Pack CLI', version: '0.40.5' },
      trusted: false,
      user: { uid: 1001, gid: 1000 },
      stack: { id: 'acme' },
      target: { os: 'linux', arch: 'amd64' },
      lifecycle: { version: '0.21.0', platformApis: { deprecated: ['0.7'], supported: ['0.14', '0.15'] } },
      runImages: [{ image: 'acme/run', mirrors: ['mirror.example/run'] }],
      buildpacks: [{ id: 'acme/node', version: '1', name: 'Node' }],
      extensions: [],
    })
  })

  test('describes all extensions of each group', async () => {
    const git = { id: 'acme/git', version: '2' }
    expect((await inspect('acme/builder')).orderExtensions).toEqual([{ buildpacks: [{ id: 'acme/curl', version: '1' }, { ...git, optional: true }] }, { buildpacks: [git] }])
  })

  test('expands composite buildpacks, also without a version, and marks cycles', async () => {
    expect((await inspect('acme/builder')).order).toEqual([
      {
        buildpacks: [
          { id: 'acme/all', groups: [{ buildpacks: [{ id: 'acme/node', version: '1' }, { id: 'acme/all', version: '2', optional: true, cyclic: true }] }] },
        ],
      },
    ])
  })

  test('expands them to the given depth', async () => {
    expect((await inspect('acme/builder', 0)).order).toEqual([{ buildpacks: [{ id: 'acme/all' }] }])
  })

  test('throws for a missing image and for an image other than a builder', async () => {
    await loadFakeImage(engine, 'acme/run')
    await expect(inspect('acme/none')).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    await expect(inspect('acme/run')).rejects.toMatchObject({ code: 'CNB_BUILDER_INVALID' })
  })
})

describe('describeBuilderLayers', () => {
  const builder = readBuilder(builderImage(LABELS))
  const layers = (digits: string, steps: readonly string[] = []): LayerFacts[] =>
    [...digits].map((digit, index) => ({ diffId: digest(digit), size: index, createdBy: steps[index] }))

  test('names layers by label, and the others by position without a history', () => {
    expect(describeBuilderLayers(layers('0123456'), builder)).toEqual([
      { diffId: digest('0'), size: 0, name: 'build image' },
      { diffId: digest('1'), size: 1, name: 'directories' },
      { diffId: digest('2'), size: 2, name: 'lifecycle' },
      { diffId: digest('3'), size: 3, name: 'acme/all@2' },
      { diffId: digest('4'), size: 4, name: 'acme/node@1' },
      { diffId: digest('5'), size: 5, name: 'acme/curl@1' },
      { diffId: digest('6'), size: 6, name: 'builder files' },
    ])
  })

  test('uses the layer names in cnb\'s history', () => {
    const steps = ['', 'cnb: lifecycle 1', 'cnb: x', 'cnb: order.toml']
    expect(describeBuilderLayers(layers('0236', steps), builder).map(({ name }) => name)).toEqual([
      'directories', 'lifecycle 1', 'acme/all@2', 'order.toml',
    ])
  })
})
