import { afterEach, beforeEach, expect, test } from 'vitest'
import { diffImages, type ImageDiff } from '../../../../src/operations/diff/diff.ts'
import { loadImage } from '../../../engine/images/crafted.ts'
import { craftApp, type AppChanges } from '../../../support/images/crafted-app.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { placesWith } from '../../../support/places.ts'
import { pushImage } from '../../../support/images/push-image.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

let registry: MemoryRegistry
let client: TestClient

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const name = (tag: string) => `${registry.address}/team/app:${tag}`
async function differ(from: AppChanges, to: AppChanges, files = false): Promise<ImageDiff> {
  await pushImage(client.registries, name('1'), await craftApp(from))
  await pushImage(client.registries, name('2'), await craftApp(to))
  registry.takeRequests()
  return diffImages({ from: name('1'), to: name('2'), files, remote: true }, placesWith({ registries: client.registries }), {})
}

const sbomOf = (...packages: [string, string][]) => ({
  '/layers/sbom/launch/a_node/sbom.cdx.json': JSON.stringify({ components: packages.map(([title, version]) => ({ type: 'library', name: title, version, purl: `pkg:npm/${title}@${version}` })) }),
  '/layers/sbom/launch/a_node/sbom.spdx.json': 'not read',
})

test('says that equal images are identical, and reads no layer of them', async () => {
  const diff = await differ({}, {}, true)
  expect(diff).toMatchObject({ identical: true, runImage: [], buildpacks: [], processes: [], environment: [], settings: [], labels: [], packages: [], files: [] })
  expect(new Set(diff.layers.map(({ change }) => change))).toEqual(new Set(['reused']))
  expect(registry.takeRequests().filter((request) => request.includes('/blobs/'))).toHaveLength(2)
})

test('says that an image on the engine and its copy in a registry are identical', async () => {
  const engine = new FakeEngine()
  const app = await craftApp({ config: { User: '1:1', Env: ['A=b'] } })
  await loadImage(engine, 'local', { ...app, config: { ...app.config, Cmd: null, Volumes: null, Hostname: '' } })
  await pushImage(client.registries, name('1'), app)
  const diff = await diffImages({ from: name('1'), to: 'local' }, placesWith({ engine, registries: client.registries }), {})
  expect([diff.from.source, diff.to.source, diff.identical]).toEqual(['registry', 'engine', true])
})

test('lists run image, buildpacks, processes, environment, settings and labels', async () => {
  const diff = await differ(
    { config: { Env: ['SAME=1', 'OLD=1', 'ODD'], User: '1:1', ExposedPorts: { '1/tcp': {} } } },
    {
      config: { Env: ['SAME=1', 'ODD=x=y'], User: '2:2', ExposedPorts: { '1/tcp': {} } },
      build: { buildpacks: [{ id: 'a/node', version: '1.3' }, { id: 'a/npm', version: '1' }], processes: [] },
      metadata: { runImage: { topLayer: 'x', reference: 'repo@sha256:2', image: 'my/run:1' } },
      labels: { extra: 'yes' },
    },
  )
  expect(diff.identical).toBe(false)
  expect(diff.runImage).toEqual([{ name: 'run image', change: 'changed', from: 'my/run:1 repo@sha256:1', to: 'my/run:1 repo@sha256:2' }])
  expect(diff.buildpacks).toEqual([{ name: 'a/node', change: 'changed', from: '1.2', to: '1.3' }, { name: 'a/npm', change: 'added', to: '1' }])
  expect(diff.processes.map(({ name: type, change }) => [type, change])).toEqual([['web', 'removed'], ['worker', 'removed']])
  expect(diff.environment).toEqual([{ name: 'OLD', change: 'removed', from: '1' }, { name: 'ODD', change: 'changed', from: '', to: 'x=y' }])
  expect(diff.settings).toEqual([{ name: 'user', change: 'changed', from: '1:1', to: '2:2' }])
  expect(diff.labels.map((label) => label.name)).toContain('extra')
  expect(diff.files).toBeUndefined()
})

test('compares the packages of the SBOMs, by the preferred format', async () => {
  const diff = await differ({ sbom: sbomOf(['a', '1'], ['b', '1'], ['c', '1'], ['c', '2']) }, { sbom: sbomOf(['a', '2'], ['c', '1'], ['@d/e', '1']) })
  expect(diff.packages).toEqual([
    { name: 'npm/a', change: 'changed', from: '1', to: '2' },
    { name: 'npm/b', change: 'removed', from: '1' },
    { name: 'npm/c', change: 'removed', from: '2' },
    { name: 'npm/@d/e', change: 'added', to: '1' },
  ])
  expect((await differ({ sbom: sbomOf(['a', '1']) }, { metadata: { sbom: undefined } })).packages).toBeUndefined()
})

test('fails for an SBOM that is not JSON', async () => {
  await expect(differ({ sbom: { '/layers/sbom/launch/x/sbom.cdx.json': '{' } }, { sbom: sbomOf(['a', '1']) })).rejects.toMatchObject({ code: 'CNB_SBOM_INVALID' })
})

test('compares the files of the layers that differ, and reads no other layer', async () => {
  const diff = await differ({ sbom: sbomOf(['a', '1']) }, { sbom: { ...sbomOf(['a', '1']), '/layers/sbom/launch/new': 'x' } }, true)
  expect(diff.layers.filter(({ change }) => change !== 'reused')).toMatchObject([{ name: 'sbom', change: 'changed' }])
  expect(diff.files).toEqual([{ name: 'layers/sbom/launch/new', change: 'added', to: { type: 'file', mode: '0644', uid: 0, gid: 0, size: 1 } }])
  // Configuration and SBOM of each image, the SBOM also for its packages.
  expect(registry.takeRequests().filter((request) => request.includes('/blobs/'))).toHaveLength(6)
})
