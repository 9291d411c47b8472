import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { convertSbom } from '../../../../src/operations/sbom/convert-sbom.ts'
import { diffSboms } from '../../../../src/operations/sbom/diff-sbom.ts'
import { readSbomLayer, SBOM_LIMITS } from '../../../../src/operations/sbom/read-sbom-layer.ts'
import { showSbom } from '../../../../src/operations/sbom/show-sbom.ts'
import { loadImage } from '../../../engine/images/crafted.ts'
import { craftApp } from '../../../support/images/crafted-app.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { packFiles } from '../../../support/fakes/fake-files.ts'
import { placesWith } from '../../../support/places.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cnb-sbom-'))
})
afterEach(() => rm(directory, { recursive: true }))

const cycloneDx = (...components: object[]) => JSON.stringify({ bomFormat: 'CycloneDX', components: components.map((each) => ({ type: 'library', ...each })) })
const npm = (name: string, version: string, ...licenses: string[]) => ({ name, version, purl: `pkg:npm/${name}@${version}`, licenses: licenses.map((id) => ({ license: { id } })) })
const FILES = {
  '/layers/sbom/launch/a_node/sbom.cdx.json': cycloneDx(npm('node', '20.0.0', 'MIT')),
  '/layers/sbom/launch/a_node/deps/sbom.cdx.json': cycloneDx(npm('a', '1.0.0', 'MIT'), npm('b', '1.0.0', 'GPL-3.0-only')),
  '/layers/sbom/launch/a_node/deps/sbom.syft.json': JSON.stringify({ artifacts: [{ id: '1', name: 'only-in-syft', version: '1' }] }),
  '/layers/sbom/launch/other/sbom.spdx.json': JSON.stringify({ spdxVersion: 'SPDX-2.3', packages: [{ name: 'c' }] }),
}

async function placesOf(images: Record<string, Record<string, string>>, input = '') {
  const engine = new FakeEngine()
  for (const [name, sbom] of Object.entries(images)) await loadImage(engine, name, await craftApp({ sbom }))
  return { ...placesWith({ engine, host: { env: {}, cwd: directory, home: directory } }), input: Readable.from(input === '' ? [] : [Buffer.from(input)]) as AsyncIterable<Buffer> }
}

test('lists packages with licences, buildpack and layer', async () => {
  const shown = await showSbom({ image: 'app' }, await placesOf({ app: FILES }), {})
  expect(shown.packages.map(({ name, licenses, places }) => [name, licenses, places.map(({ buildpack, layer }) => [buildpack, layer])])).toEqual([
    ['c', [], [['other', undefined]]],
    ['npm/a', ['MIT'], [['a/node', 'deps']]],
    ['npm/b', ['GPL-3.0-only'], [['a/node', 'deps']]],
    ['npm/node', ['MIT'], [['a/node', undefined]]],
  ])
  expect(shown.hits).toEqual([])
})

test('lists the packages that break a rule', async () => {
  const { hits } = await showSbom({ image: 'app', failOn: ['license=GPL-3.0*', 'package=node@<21'] }, await placesOf({ app: FILES }), {})
  expect(hits).toEqual([
    { rule: 'license=GPL-3.0*', package: 'npm/b', version: '1.0.0', reason: 'GPL-3.0-only' },
    { rule: 'package=node@<21', package: 'npm/node', version: '20.0.0', reason: '20.0.0' },
  ])
})

test('checks rules before it reads the image', async () => {
  const places = await placesOf({})
  await expect(showSbom({ image: 'missing', failOn: ['x'] }, places, {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
  expect(places.connected).toBe(0)
})

test('compares versions and licences', async () => {
  const newer = { '/layers/sbom/launch/a_node/sbom.cdx.json': cycloneDx(npm('node', '22.0.0', 'MIT'), npm('a', '1.0.0', 'ISC')) }
  const diff = await diffSboms({ from: 'old', to: 'new' }, await placesOf({ old: FILES, new: newer }), {})
  expect(diff.packages).toEqual([
    { name: 'c', change: 'removed', from: '' },
    { name: 'npm/b', change: 'removed', from: '1.0.0' },
    { name: 'npm/node', change: 'changed', from: '20.0.0', to: '22.0.0' },
  ])
  expect(diff.licenses).toEqual([{ name: 'npm/a', change: 'changed', from: ['MIT'], to: ['ISC'] }])
})

test('merges the files of an image, by the wanted format if a directory has it', async () => {
  const { text = '', packages } = await convertSbom({ image: 'app', to: 'syft-json' }, await placesOf({ app: FILES }), {})
  expect(packages).toBe(3)
  expect(text).toContain('only-in-syft')
  expect((await convertSbom({ image: 'app', to: 'syft-json' }, await placesOf({ app: FILES }), {})).text).toBe(text)
})

test('keeps buildpacks and layers in a converted file', async () => {
  const places = await placesOf({ app: FILES })
  const { file } = await convertSbom({ image: 'app', outputFile: 'out.json' }, places, {})
  expect(await readFile(file!, 'utf8')).toMatch(/\}\n$/)
  const shown = await showSbom({ image: 'out.json' }, places, {})
  expect(shown.packages.find(({ name }) => name === 'npm/b')?.places).toEqual([{ buildpack: 'a/node', layer: 'deps', file: 'layers/sbom/launch/a_node/deps/sbom.cdx.json' }])
})

test('reads files and standard input', async () => {
  await writeFile(join(directory, 'bom'), cycloneDx(npm('a', '1')))
  expect((await showSbom({ image: './bom' }, await placesOf({}), {})).packages).toHaveLength(1)
  expect((await showSbom({ image: '-' }, await placesOf({}, cycloneDx(npm('a', '1'))), {})).packages).toHaveLength(1)
  await expect(showSbom({ image: 'missing.json' }, await placesOf({}), {})).rejects.toMatchObject({ code: 'CNB_SBOM_INVALID', message: "cannot read the SBOM 'missing.json': it does not exist" })
})

test.each([
  [{ file: 10 }, 'the limit is 10'],
  [{ all: 300 }, 'more than 300 bytes'],
  [{ packages: 2 }, 'too many packages; the limit is 2'],
])('fails at the limit %j', async (limit, why) => {
  const tar = packFiles(Object.entries(FILES))
  await expect(readSbomLayer('app', tar, {}, {}, { ...SBOM_LIMITS, ...limit })).rejects.toMatchObject({ code: 'CNB_SBOM_INVALID', message: expect.stringContaining(why) as string })
})

test('fails for an image without an SBOM in a known format', async () => {
  const places = await placesOf({ app: { '/layers/sbom/launch/sbom.legacy.json': '[{"name":"old"}]' } })
  await expect(showSbom({ image: 'app' }, places, {})).rejects.toMatchObject({ code: 'CNB_SBOM_INVALID' })
})
