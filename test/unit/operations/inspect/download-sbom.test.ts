import { readFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { downloadSbom } from '../../../../src/operations/inspect/download-sbom.ts'
import { loadImage } from '../../../engine/images/crafted.ts'
import { SBOM_FILES, craftApp, type AppChanges } from '../../../support/images/crafted-app.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { containing } from '../../../support/matching.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { placesWith, type TestPlaces } from '../../../support/places.ts'
import { pushImage } from '../../../support/images/push-image.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

let registry: MemoryRegistry
let client: TestClient
let engine: FakeEngine
let directory: TemporaryDirectory
let name: string

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
  engine = new FakeEngine()
  directory = await makeTemporaryDirectory()
  name = `${registry.address}/team/app:1`
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const host = () => ({ env: {}, cwd: directory.path, home: '/nowhere' })
const inRegistry = async (changes?: AppChanges): Promise<TestPlaces> => {
  await pushImage(client.registries, name, await craftApp(changes))
  return placesWith({ host: host(), registries: client.registries })
}
const onEngine = async (changes?: AppChanges): Promise<TestPlaces> => {
  await loadImage(engine, name, await craftApp(changes))
  return placesWith({ engine, host: host() })
}
const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(path.length)).sort()

describe.each([['the engine', onEngine], ['a registry', inRegistry]])('in %s, an SBOM', (_, make) => {
  test('is written with the paths of the layer', async () => {
    const download = await downloadSbom({ image: name }, await make(), {})
    expect(download).toMatchObject({ image: name, platform: 'linux/amd64', directory: directory.path })
    expect(download.files).toEqual(Object.entries(SBOM_FILES).map(([path, text]) => ({ path: path.slice(1), size: text.length })))
    expect(filesIn(directory.path)).toEqual(Object.keys(SBOM_FILES).sort())
    for (const [path, text] of Object.entries(SBOM_FILES)) expect(await readFile(join(directory.path, path), 'utf8')).toBe(text)
  })

  test('may be written to another directory', async () => {
    const { directory: written } = await downloadSbom({ image: name, outputDir: 'a/b' }, await make(), {})
    expect(written).toBe(join(directory.path, 'a/b'))
    expect(filesIn(written)).toEqual(Object.keys(SBOM_FILES).sort())
  })

  test('must be in the label and in the layer', async () => {
    const none = { code: 'CNB_IMAGE_INVALID', message: containing('has no software bill of materials') }
    await expect(downloadSbom({ image: name }, await make({ metadata: { sbom: undefined } }), {})).rejects.toMatchObject(none)
    await expect(downloadSbom({ image: name }, await make({ metadata: { sbom: { sha: `sha256:${'0'.repeat(64)}` } } }), {})).rejects.toMatchObject(none)
    expect(filesIn(directory.path)).toEqual([])
  })

  test('is the only content that is written, and never outside the directory', async () => {
    const sbom = { ...SBOM_FILES, '/layers/sbom/launch/../../../../evil': 'x', 'etc/passwd': 'x' }
    const places = await make({ sbom })
    await expect(downloadSbom({ image: name, outputDir: 'in' }, places, {})).rejects.toMatchObject({ code: 'CNB_OUTPUT', message: containing('out of the directory') })
    expect(filesIn(directory.path).filter((file) => !file.startsWith('/in/layers/sbom/launch/'))).toEqual([])
    const more = await make({ sbom: { ...SBOM_FILES, 'etc/passwd': 'x', '/layers/app/x': 'x' } })
    expect((await downloadSbom({ image: name, outputDir: 'more' }, more, {})).files).toHaveLength(2)
    expect(filesIn(join(directory.path, 'more'))).toEqual(Object.keys(SBOM_FILES).sort())
  })
})

test('treats only an empty list in the legacy format as a missing SBOM', async () => {
  const places = await inRegistry({ sbom: { '/layers/sbom/launch/sbom.legacy.json': 'null\n' } })
  await expect(downloadSbom({ image: name }, places, {})).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
})

test('refuses an image that buildpacks did not build', async () => {
  const { layers } = await craftApp()
  await pushImage(client.registries, name, { layers })
  await expect(downloadSbom({ image: name }, placesWith({ registries: client.registries }), {})).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
})
