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

test('layers come in the exporter’s order: buildpacks, SBOM, app, launcher, config, process types', async () => {
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
  ['the previous image has as it is', aPrevious({ dist: digestOf('some/buildpack:dist') }, []), {}, 'layer some/buildpack:dist: reused: its contents are those in the previous image'],
  ['the previous image has otherwise', aPrevious({ dist: digestOf('old') }, []), {}, 'layer some/buildpack:dist: rebuilt: its contents differ from those in the previous image'],
  ['has no contents', aPrevious({ dist: digestOf('old') }, [aLayer('old')]), { hasContents: false }, 'layer some/buildpack:dist: reused: its buildpack created no contents, so the layer of the previous image is used'],
  ['is no launch layer any more', aPrevious({ dist: digestOf('old') }, []), { launch: false }, 'layer some/buildpack:dist: dropped: its buildpack does not make it a launch layer any more'],
] as const)('why a layer that %s is in the image or not', async (_title, previous, layer, decision) => {
  const events: CnbEvent[] = []
  await planExport(anInput({ previous, buildpacks: built(layer) }), { events: (event) => events.push(event) })
  expect(decisionsOf(events).filter((text) => text.includes('some/buildpack'))).toEqual([decision])
})

test('why the layers of a first build are new, and which process is the default', async () => {
  const events: CnbEvent[] = []
  await planExport(anInput({ tree: aTree(PROCESS), plan: aPlan({ defaultProcess: 'web' }) }), { events: (event) => events.push(event) })
  expect(decisionsOf(events)).toEqual([
    'layer some/buildpack:dist: added: no previous image is used',
    'app layer Application Layer: added: no previous image is used',
    ...['launcher', 'config', 'process-types'].map((name) => `layer buildpacksio/lifecycle:${name}: added: no previous image is used`),
    'process web: the default: --default-process selects it',
  ])
})

test('layers that extensions made lie between the run image and the buildpacks, and are not its top layer', async () => {
  const extensionLayers = [{ layer: aLayer('extension'), createdBy: "Layer: 'RUN x', Created by extension: e" }]
  const { image } = await planExport(anInput({ extensionLayers }), {})
  expect(image.layers[1]?.diffId).toBe(digestOf('extension'))
  expect(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain(`"topLayer":"${digestOf('base')}"`)
})

test('what extensions made of the settings takes the place of the run image’s', async () => {
  const { image } = await planExport(anInput({ extendedSettings: { User: 'app', Env: ['PATH=/x'], Labels: { 'io.buildpacks.rebasable': 'false' } } }), {})
  expect(image.config.config).toMatchObject({ User: 'app', Labels: { 'io.buildpacks.rebasable': 'false' } })
  expect(image.config.config.Env?.[0]).toBe('PATH=/cnb/process:/cnb/lifecycle:/x')
})

test('a buildpack without a directory is in the label, without layers', async () => {
  const { image } = await planExport(anInput({ buildpacks: [] }), {})
  expect(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain('"buildpacks":[{"key":"some/buildpack","version":"1.0.0","layers":{}}]')
})

test('a launch layer without contents is the previous image’s, and counts for the next build', async () => {
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

test('a layer that is not for launch is not in the image', async () => {
  const { image, layerShas } = await planExport(anInput({ buildpacks: built({ name: 'a', launch: false, cache: true }, { name: 'b' }) }), {})
  expect([...layerShas.keys()]).toEqual(['some/buildpack:b'])
  expect(image.layers.map(({ diffId }) => diffId)).not.toContain(digestOf('some/buildpack:a'))
})

const REFUSED: [what: string, changes: Parameters<typeof anInput>[0], message: RegExp][] = [
  ['a malformed layer', { buildpacks: built({}, { name: 'bad', malformed: 'no TOML' }) }, /cannot read the metadata of layer 'some\/buildpack:bad': no TOML/],
  ['a cached layer without contents', { buildpacks: built({}, { name: 'gone', cache: true, hasContents: false }) }, /'some\/buildpack:gone' is cache=true but has no contents/],
  ['a layer without contents when there is no previous image', { buildpacks: built({}, { name: 'gone', hasContents: false }) }, /'some\/buildpack:gone'.*no previous image/],
  [
    'a layer without contents that the previous image does not know',
    { buildpacks: built({ hasContents: false }), previous: aPrevious({ other: digestOf('old') }, [aLayer('old')]) },
    /'some\/buildpack:dist'.*no previous image has metadata/,
  ],
  [
    'a layer without contents whose blob the previous image lacks',
    { buildpacks: built({ hasContents: false }), previous: aPrevious({ dist: digestOf('old') }, [aLayer('other')]) },
    /'some\/buildpack:dist'.*does not contain the layer/,
  ],
  ['a default process that there is none of', { plan: aPlan({ defaultProcess: 'job' }), tree: aTree(PROCESS) }, /process 'job', chosen as the default, does not exist/],
  ['a build without metadata.toml', { tree: new Map([['', directory()], ['config', directory()]]) }, /wrote no \/layers\/config\/metadata\.toml/],
]

test.each(REFUSED)('%s is refused with exit code 62, before any layer is read', async (_what, changes, message) => {
  const read: string[] = []
  const makeBuildpackLayer = (_: unknown, { name }: { name: string }) => {
    read.push(name)
    return Promise.resolve(aLayer(name))
  }
  const failure = planExport(anInput({ ...changes, makeBuildpackLayer }), {})
  await expect(failure).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', exit: 62, message: expect.stringMatching(message) as string })
  expect(read).toEqual([])
})

test('a run image that no registry has is not referred to in a published image, which a warning tells', async () => {
  const warnings: string[] = []
  const context: Context = { events: (event) => event.type === 'warning' && warnings.push(event.message) }
  const referenceIn = async (published: boolean, repoDigests: string[]): Promise<unknown> => {
    const runImage = { name: 'some/run', image: anImage({ layers: [aLayer('base')], repoDigests }) }
    const { image } = await planExport(anInput({ plan: aPlan({ published }), runImage, tree: aTree(PROCESS) }), context)
    return (JSON.parse(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata'] ?? '') as { runImage: { reference: string } }).runImage.reference
  }
  const digest = `sha256:${'b'.repeat(64)}`
  expect(await referenceIn(false, [])).toBe(anImage().id.replace('sha256:', ''))
  expect(await referenceIn(true, [`some/run@${digest}`])).toBe(`index.docker.io/some/run@${digest}`)
  expect(warnings).toEqual([])
  expect(await referenceIn(true, [])).toBe('')
  expect(warnings).toEqual([expect.stringContaining("run image 'some/run', because it is in no registry")])
})

test('a run image without layers is refused', async () => {
  const failure = planExport(anInput({ runImage: { name: 'empty', image: anImage() } }), {})
  await expect(failure).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining("'empty' has no layers") as string })
})

test('data that no JSON can hold is refused, with the layer’s name', async () => {
  const failure = planExport(anInput({ buildpacks: built({ data: { x: [Infinity] } }) }), {})
  await expect(failure).rejects.toMatchObject({ exit: 62, message: expect.stringContaining("'some/buildpack:dist'") as string })
})

test('a configuration that could not be read again is refused, with its size, the limit and the largest label', async () => {
  const layer = aBuiltLayer({ data: { v: 'x'.repeat(33 * 1024 * 1024) } })
  const failure = planExport(anInput({ buildpacks: [{ buildpack: BUILDPACK, store: undefined, layers: [layer] }] }), {})
  const message = /configuration has 346\d{5} bytes.*33554432.*io\.buildpacks\.lifecycle\.metadata/
  await expect(failure).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringMatching(message) as string })
})

test('an interrupt stops before the next layer is made', async () => {
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

test('without processes there is no layer for their types, and the launcher starts', async () => {
  const said: string[] = []
  const { image, defaultProcess } = await planExport(anInput({}, said), {})
  expect(image.config.config.Entrypoint).toEqual(['/cnb/lifecycle/launcher'])
  expect(image.config.config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain('"process-types":{"sha":""}')
  expect(defaultProcess).toBeUndefined()
  expect(said).toContain('no default process type')
})

test('the user’s default process goes before the buildpack’s', async () => {
  const tree = aTree(`buildpack-default-process-type = "web"\n${PROCESS}${PROCESS.replace('web', 'job')}`)
  const { image, defaultProcess } = await planExport(anInput({ tree, plan: aPlan({ defaultProcess: 'job' }) }), {})
  expect(image.config.config.Entrypoint).toEqual(['/cnb/process/job'])
  expect(defaultProcess).toBe('job')
})

test('the last of several labels of one name counts, even one of the lifecycle’s own', async () => {
  const labels = ['a', 'b'].map((value) => `[[labels]]\nkey = "io.buildpacks.project.metadata"\nvalue = "${value}"\n`).join('')
  const { image } = await planExport(anInput({ tree: aTree(labels) }), {})
  expect(image.config.config.Labels?.['io.buildpacks.project.metadata']).toBe('b')
})

test('app layers count as reused wherever the previous image had them', async () => {
  const previous = aPrevious({}, [])
  const app = { ...previous, metadata: previous.metadata && { ...previous.metadata, app: [digestOf('two'), digestOf('one')] } }
  const layers = ['one', 'two', 'three'].map((text) => ({ layer: aLayer(text), createdBy: text }))
  const said: string[] = []
  await planExport(anInput({ previous: app, makeAppLayers: () => Promise.resolve(layers) }, said), {})
  expect(said).toEqual(expect.arrayContaining(['Reused 2/3 app layer(s)', 'Added 1/3 app layer(s)']))
})

test('slices are made as metadata.toml names them', async () => {
  const asked: unknown[] = []
  const makeAppLayers = (slices: unknown) => {
    asked.push(slices)
    return Promise.resolve([{ layer: aLayer('app'), createdBy: 'Application Slice: 1' }])
  }
  await planExport(anInput({ tree: aTree('[[slices]]\npaths = ["a/*"]\n[[slices]]\n'), makeAppLayers }), {})
  expect(asked).toEqual([[{ paths: ['a/*'] }, { paths: [] }]])
})

test('the SBOMs of lifecycle and launcher go into the build’s and the image’s from Platform API 0.11 on', async () => {
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

test('there is no SBOM layer before Platform API 0.8', async () => {
  const tree = new Map([...aTree(), ['sbom', directory()], ['sbom/launch', directory()], ['sbom/cache', directory()]])
  const { sbom } = await planExport(anInput({ tree, plan: aPlan({ platformApi: parseApiVersion('0.7') }) }), {})
  expect(sbom).toEqual({})
})
