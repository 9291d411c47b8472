import { expect, test } from 'vitest'
import type { CnbEvent, Context } from '../../../../../src/base/events.ts'
import { planExport } from '../../../../../src/lifecycle/native/export/plan-export.ts'
import { parseApiVersion } from '../../../../../src/formats/versions.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { decisionsOf } from '../../../../support/decisions.ts'
import { anImage, aPlan } from '../../../../support/plans.ts'
import { aBuiltLayer, aLayer, anInput, aPrevious, aTree, BUILDPACK, directory, file } from './inputs.ts'

const PROCESS = '[[processes]]\ntype = "web"\ncommand = ["serve"]\nargs = []\ndirect = true\nbuildpack-id = "some/buildpack"\n'

function built(...layers: Parameters<typeof aBuiltLayer>[0][]) {
  return [{ buildpack: BUILDPACK, store: undefined, layers: layers.map(aBuiltLayer) }]
}

test('adds layers in the exporter’s order: buildpacks, SBOM, app, launcher, config, process types', async () => {
  const tree = new Map([...aTree(PROCESS), ['sbom', directory()], ['sbom/launch', directory()], ['sbom/launch/sbom.legacy.json', file('null\n')]])
  const said: string[] = []
  const { image } = await planExport(anInput({ tree }, said), {})
  expect(image.config.history?.map(({ created_by }) => created_by)).toEqual([
    undefined,
    "Layer: 'dist', Created by buildpack: some/buildpack@1.0.0",
    'Software Bill-of-Materials',
    'Application Layer',
    'Buildpacks Application Launcher',
    'Buildpacks Launcher Config',
    'Buildpacks Process Types',
  ])
  expect(said.filter((line) => /layer/.test(line))).toEqual([
    "Adding layer 'some/buildpack:dist'",
    "Adding layer 'buildpacksio/lifecycle:launch.sbom'",
    'Added 1/1 app layer(s)',
    "Adding layer 'buildpacksio/lifecycle:launcher'",
    "Adding layer 'buildpacksio/lifecycle:config'",
    "Adding layer 'buildpacksio/lifecycle:process-types'",
  ])
})

test.each([
  ['the previous image does not have', aPrevious({}, []), {}, "layer some/buildpack:dist: added: the previous image does not have it"],
  ['is unchanged since the previous image', aPrevious({ dist: digestOf('some/buildpack:dist') }, []), {}, 'layer some/buildpack:dist: reused: its contents are those in the previous image'],
  ['differs from the previous image', aPrevious({ dist: digestOf('old') }, []), {}, 'layer some/buildpack:dist: rebuilt: its contents differ from those in the previous image'],
  ['has no contents', aPrevious({ dist: digestOf('old') }, [aLayer('old')]), { hasContents: false }, 'layer some/buildpack:dist: reused: its buildpack created no contents, so the layer of the previous image is used'],
  ['is not a launch layer any more', aPrevious({ dist: digestOf('old') }, []), { launch: false }, 'layer some/buildpack:dist: dropped: its buildpack does not make it a launch layer any more'],
] as const)('explains the decision about a layer that %s', async (_title, previous, layer, decision) => {
  const events: CnbEvent[] = []
  await planExport(anInput({ previous, buildpacks: built(layer) }), { events: (event) => events.push(event) })
  expect(decisionsOf(events).filter((text) => text.includes('some/buildpack'))).toEqual([decision])
})

test('explains why the layers of a first build are new, and which process is the default', async () => {
  const events: CnbEvent[] = []
  await planExport(anInput({ tree: aTree(PROCESS), plan: aPlan({ defaultProcess: 'web' }) }), { events: (event) => events.push(event) })
  expect(decisionsOf(events)).toEqual([
    'layer some/buildpack:dist: added: no previous image is used',
    'app layer Application Layer: added: no previous image is used',
    ...['launcher', 'config', 'process-types'].map((name) => `layer buildpacksio/lifecycle:${name}: added: no previous image is used`),
    'process web: the default: --default-process selects it',
  ])
})

test('puts layers of extensions between the run image and the buildpacks, and does not record them as top layer', async () => {
  const extensionLayers = [{ layer: aLayer('extension'), createdBy: "Layer: 'RUN x', Created by extension: e" }]
  const { image } = await planExport(anInput({ extensionLayers }), {})
  expect(image.layers[1]?.diffId).toBe(digestOf('extension'))
  expect(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain(`"topLayer":"${digestOf('base')}"`)
})

test('replaces the run image’s settings by those of extensions', async () => {
  const { image } = await planExport(anInput({ extendedSettings: { User: 'app', Env: ['PATH=/x'], Labels: { 'io.buildpacks.rebasable': 'false' } } }), {})
  expect(image.config.config).toMatchObject({ User: 'app', Labels: { 'io.buildpacks.rebasable': 'false' } })
  expect(image.config.config.Env?.[0]).toBe('PATH=/cnb/process:/cnb/lifecycle:/x')
})

test('includes a buildpack without a directory in the label, without layers', async () => {
  const { image } = await planExport(anInput({ buildpacks: [] }), {})
  expect(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain('"buildpacks":[{"key":"some/buildpack","version":"1.0.0","layers":{}}]')
})

test('reuses the previous image’s layer for a launch layer without contents, and records it for the next build', async () => {
  const previous = aPrevious({ dist: digestOf('old') }, [aLayer('other'), aLayer('old')])
  const said: string[] = []
  const makeBuildpackLayer = () => Promise.reject(new Error('there is nothing to read'))
  const { image, layerShas } = await planExport(
    anInput({ previous, buildpacks: built({ hasContents: false, data: { new: 1 } }), makeBuildpackLayer }, said),
    {},
  )
  expect(image.layers[1]).toBe(previous.image.layers[1])
  expect(image.previous).toBe(previous.image)
  expect([...layerShas]).toEqual([['some/buildpack:dist', digestOf('old')]])
  expect(said[0]).toMatch(/^Warning/)
  expect(said).toContain("Reusing layer 'some/buildpack:dist'")
  expect(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain('"data":{"new":1}')
})

test('omits a layer that is not a launch layer', async () => {
  const { image, layerShas } = await planExport(anInput({ buildpacks: built({ name: 'a', launch: false, cache: true }, { name: 'b' }) }), {})
  expect([...layerShas.keys()]).toEqual(['some/buildpack:b'])
  expect(image.layers.map(({ diffId }) => diffId)).not.toContain(digestOf('some/buildpack:a'))
})

const REFUSED: [what: string, changes: Parameters<typeof anInput>[0], message: RegExp][] = [
  ['a malformed layer', { buildpacks: built({}, { name: 'bad', malformed: 'no TOML' }) }, /cannot read the metadata of layer 'some\/buildpack:bad': no TOML/],
  ['a cached layer without contents', { buildpacks: built({}, { name: 'gone', cache: true, hasContents: false }) }, /'some\/buildpack:gone' is cache=true but has no contents/],
  ['a layer without contents or previous image', { buildpacks: built({}, { name: 'gone', hasContents: false }) }, /'some\/buildpack:gone'.*no previous image/],
  [
    'a layer without contents that the previous image does not have',
    { buildpacks: built({ hasContents: false }), previous: aPrevious({ other: digestOf('old') }, [aLayer('old')]) },
    /'some\/buildpack:dist'.*no previous image has metadata/,
  ],
  [
    'a layer without contents that the previous image has only in its label',
    { buildpacks: built({ hasContents: false }), previous: aPrevious({ dist: digestOf('old') }, [aLayer('other')]) },
    /'some\/buildpack:dist'.*does not contain the layer/,
  ],
  ['a default process that does not exist', { plan: aPlan({ defaultProcess: 'job' }), tree: aTree(PROCESS) }, /process 'job', chosen as the default, does not exist/],
  ['a build without metadata.toml', { tree: new Map([['', directory()], ['config', directory()]]) }, /wrote no \/layers\/config\/metadata\.toml/],
]

test.each(REFUSED)('rejects %s with exit code 62, before it reads any layer', async (_what, changes, message) => {
  const read: string[] = []
  const makeBuildpackLayer = (_: unknown, { name }: { name: string }) => {
    read.push(name)
    return Promise.resolve(aLayer(name))
  }
  const failure = planExport(anInput({ ...changes, makeBuildpackLayer }), {})
  await expect(failure).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', exit: 62, message: expect.stringMatching(message) as string })
  expect(read).toEqual([])
})

test('warns if the label of an image that leaves the engine cannot refer to a run image that is in no registry', async () => {
  const warnings: string[] = []
  const context: Context = { events: (event) => event.type === 'warning' && warnings.push(event.message) }
  const referenceIn = async (leavesEngine: boolean, repoDigests: string[]): Promise<unknown> => {
    const runImage = { name: 'some/run', image: anImage({ layers: [aLayer('base')], repoDigests }) }
    const { image } = await planExport(anInput({ plan: aPlan({ leavesEngine }), runImage, tree: aTree(PROCESS) }), context)
    return (JSON.parse(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata'] ?? '') as { runImage: { reference: string } }).runImage.reference
  }
  const digest = `sha256:${'b'.repeat(64)}`
  expect(await referenceIn(false, [])).toBe(anImage().id.replace('sha256:', ''))
  expect(await referenceIn(true, [`some/run@${digest}`])).toBe(`index.docker.io/some/run@${digest}`)
  expect(warnings).toEqual([])
  expect(await referenceIn(true, [])).toBe('')
  expect(warnings).toEqual(["the label of the app image has no reference to run image 'some/run', because the run image is in no registry"])
})

test('rejects a run image without layers', async () => {
  const failure = planExport(anInput({ runImage: { name: 'empty', image: anImage() } }), {})
  await expect(failure).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining("'empty' has no layers") as string })
})

test('rejects data that JSON cannot represent, with the layer’s name', async () => {
  const failure = planExport(anInput({ buildpacks: built({ data: { x: [Infinity] } }) }), {})
  await expect(failure).rejects.toMatchObject({ exit: 62, message: expect.stringContaining("'some/buildpack:dist'") as string })
})

test('rejects an image with more layers than are read again', async () => {
  const layers = Array.from({ length: 10_000 }, (_, index) => ({ layer: aLayer(String(index)), createdBy: 'Application Slice' }))
  await expect(planExport(anInput({ makeAppLayers: async () => layers }), {})).rejects.toMatchObject({
    code: 'CNB_EXPORT_FAILED',
    message: expect.stringContaining('the image has 10004 layers, and the limit is 10000') as string,
  })
})

test('rejects a configuration above the limit, with its size, the limit and the largest label', async () => {
  const layer = aBuiltLayer({ data: { v: 'x'.repeat(33 * 1024 * 1024) } })
  const failure = planExport(anInput({ buildpacks: [{ buildpack: BUILDPACK, store: undefined, layers: [layer] }] }), {})
  const message = /configuration has 346\d{5} bytes.*33554432.*io\.buildpacks\.lifecycle\.metadata/
  await expect(failure).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringMatching(message) as string })
})

test('stops at an interrupt before it creates the next layer', async () => {
  const controller = new AbortController()
  const made: string[] = []
  const makeBuildpackLayer = (_: unknown, { name }: { name: string }) => {
    made.push(name)
    controller.abort()
    return Promise.resolve(aLayer(name))
  }
  const failure = planExport(anInput({ buildpacks: built({ name: 'a' }, { name: 'b' }), makeBuildpackLayer }), { signal: controller.signal })
  await expect(failure).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(made).toEqual(['a'])
})

test('omits the layer of process types without processes, and starts the launcher', async () => {
  const said: string[] = []
  const { image, defaultProcess } = await planExport(anInput({}, said), {})
  expect(image.config.config.Entrypoint).toEqual(['/cnb/lifecycle/launcher'])
  expect(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain('"process-types":{"sha":""}')
  expect(defaultProcess).toBeUndefined()
  expect(said).toContain('no default process type')
})

test('prefers the user’s default process to the buildpack’s', async () => {
  const tree = aTree(`buildpack-default-process-type = "web"\n${PROCESS}${PROCESS.replace('web', 'job')}`)
  const { image, defaultProcess } = await planExport(anInput({ tree, plan: aPlan({ defaultProcess: 'job' }) }), {})
  expect(image.config.config.Entrypoint).toEqual(['/cnb/process/job'])
  expect(defaultProcess).toBe('job')
})

test("has the user's labels, also in place of those of buildpacks", async () => {
  const input = anInput({ tree: aTree('[[labels]]\nkey = "a"\nvalue = "buildpack"\n') })
  const { image } = await planExport({ ...input, plan: { ...input.plan, labels: new Map([['a', 'user'], ['b', '']]) } }, {})
  expect(image.config.config.Labels).toMatchObject({ a: 'user', b: '' })
})

test('uses the last of several labels of one name, even if it replaces one of the lifecycle', async () => {
  const labels = ['a', 'b'].map((value) => `[[labels]]\nkey = "io.buildpacks.project.metadata"\nvalue = "${value}"\n`).join('')
  const { image } = await planExport(anInput({ tree: aTree(labels) }), {})
  expect(image.config.config.Labels?.['io.buildpacks.project.metadata']).toBe('b')
})

test('counts app layers as reused at any position in the previous image', async () => {
  const previous = aPrevious({}, [])
  const app = { ...previous, metadata: previous.metadata && { ...previous.metadata, app: [digestOf('two'), digestOf('one')] } }
  const layers = ['one', 'two', 'three'].map((text) => ({ layer: aLayer(text), createdBy: text }))
  const said: string[] = []
  await planExport(anInput({ previous: app, makeAppLayers: () => Promise.resolve(layers) }, said), {})
  expect(said).toEqual(expect.arrayContaining(['Reused 2/3 app layer(s)', 'Added 1/3 app layer(s)']))
})

test('creates the slices of metadata.toml', async () => {
  const asked: unknown[] = []
  const makeAppLayers = (slices: unknown) => {
    asked.push(slices)
    return Promise.resolve([{ layer: aLayer('app'), createdBy: 'Application Slice: 1' }])
  }
  await planExport(anInput({ tree: aTree('[[slices]]\npaths = ["a/*"]\n[[slices]]\n'), makeAppLayers }), {})
  expect(asked).toEqual([[{ paths: ['a/*'] }, { paths: [] }]])
})

test('adds the SBOMs of lifecycle and launcher since Platform API 0.11', async () => {
  const lifecycleFiles = new Map([
    ['lifecycle.sbom.cdx.json', Buffer.from('{"l":1}')],
    ['launcher.sbom.cdx.json', Buffer.from('{"r":1}')],
  ])
  const { sbom, tree } = await planExport(anInput({ lifecycleFiles }), {})
  expect([...(sbom.launch?.files ?? [])].map(([path, content]) => [path, content.toString()])).toEqual([
    ['buildpacksio_lifecycle/launcher/sbom.cdx.json', '{"r":1}'],
  ])
  expect(tree.get('sbom/build/buildpacksio_lifecycle/sbom.cdx.json')?.content?.toString()).toBe('{"l":1}')

  const older = await planExport(anInput({ lifecycleFiles, plan: aPlan({ platformApi: parseApiVersion('0.10') }) }), {})
  expect(older.sbom).toEqual({})
})

test('creates no SBOM layer before Platform API 0.8', async () => {
  const tree = new Map([...aTree(), ['sbom', directory()], ['sbom/launch', directory()], ['sbom/cache', directory()]])
  const { sbom } = await planExport(anInput({ tree, plan: aPlan({ platformApi: parseApiVersion('0.7') }) }), {})
  expect(sbom).toEqual({})
})
