import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { inspectPackage, type InspectPackageOptions } from '../../../../src/operations/packages/inspect-package.ts'
import { packageModule } from '../../../../src/operations/packages/package-buildpack.ts'
import type { PackageOptions } from '../../../../src/operations/packages/package-options.ts'
import { pullPackage } from '../../../../src/operations/packages/pull-package.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { placesWith, type TestPlaces } from '../../../support/places.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

let scratch: TemporaryDirectory
let registry: MemoryRegistry
let client: TestClient
let engine: FakeEngine
let places: TestPlaces

beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  registry = await new MemoryRegistry().start()
  client = openClient()
  engine = new FakeEngine()
  places = placesWith({ engine, host: { env: { CNB_CACHE_DIR: 'cache' }, cwd: scratch.path, home: '/nowhere' }, registries: client.registries })
  await write('a/buildpack.toml', 'api = "0.10"\n[buildpack]\nid = "acme/a"\nversion = "1"\nname = "A"\ndescription = "Builds A"\n[[buildpack.licenses]]\ntype = "MIT"\n[[targets]]\nos = "linux"\narch = "amd64"\n')
  for (const name of ['detect', 'build']) await write(`a/bin/${name}`, '#!/bin/sh\n')
  await write('all/buildpack.toml', 'api = "0.11"\n[buildpack]\nid = "acme/all"\nversion = "2"\n[[order]]\n[[order.group]]\nid = "acme/a"\nversion = "1"\noptional = true\n')
  await write('all/package.toml', '[buildpack]\nuri = "."\n[[dependencies]]\nuri = "../a"\n')
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await scratch[Symbol.asyncDispose]()
})

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(scratch.path, path)), { recursive: true })
  await writeFile(join(scratch.path, path), text)
}

const create = (options: Partial<PackageOptions>) => packageModule({ kind: 'buildpack', name: 'acme/all', path: 'all', ...options }, places, {})
const inspect = (name: string, options: Partial<InspectPackageOptions> = {}) => inspectPackage({ kind: 'buildpack', name, ...options }, places, {})

const CONTENT = {
  main: { id: 'acme/all', version: '2' },
  modules: [
    { id: 'acme/all', version: '2', api: '0.11' },
    { id: 'acme/a', version: '1', api: '0.10', name: 'A', targets: ['linux/amd64'] },
  ],
  order: [{ buildpacks: [{ id: 'acme/all', version: '2', groups: [{ buildpacks: [{ id: 'acme/a', version: '1', optional: true }] }] }] }],
}

describe('inspectPackage', () => {
  test('describes a package equally on the engine, in a registry, in a layout, in a file, and as a directory', async () => {
    const name = `${registry.address}/all`
    await create({})
    await create({ name, publish: true })
    await create({ to: ['oci:layout'] })
    await create({ name: 'all', format: 'file' })
    const found = [await inspect('acme/all'), await inspect(`docker://${name}`, { remote: true }), await inspect(`oci:${scratch.path}/layout`), await inspect('all.cnb'), await inspect('./all')]
    expect(found.map(({ source }) => source)).toEqual(['engine', 'registry', 'layout', 'file', 'directory'])
    for (const each of found) expect(each).toMatchObject(CONTENT)
    const layers = found.map((each) => each.layers.map(({ diffId, name: text }) => `${text} ${diffId}`).sort())
    for (const each of layers) expect(each).toEqual(layers[0])
    expect(found[0]).toMatchObject({ platform: 'linux', stacks: [{ id: '*' }] })
  })

  test('limits the depth of the order', async () => {
    expect((await inspect('all', { depth: 0 })).order).toEqual([{ buildpacks: [{ id: 'acme/all', version: '2' }] }])
  })

  test('shows the description of the main buildpack', async () => {
    await create({ path: 'a', name: 'a', format: 'file' })
    expect((await inspect('a.cnb')).main).toMatchObject({ id: 'acme/a', name: 'A', description: 'Builds A', licenses: [{ type: 'MIT' }] })
  })

  test('describes an extension without an order', async () => {
    await write('e/extension.toml', 'api = "0.10"\n[extension]\nid = "acme/e"\nversion = "1"\n')
    await create({ kind: 'extension', path: 'e', name: 'e', format: 'file' })
    for (const name of ['e.cnb', './e']) expect(await inspect(name, { kind: 'extension' })).toMatchObject({ main: { id: 'acme/e' }, order: [], modules: [{ id: 'acme/e' }] })
    await expect(inspect('e.cnb')).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('is not a package of buildpacks') as string })
  })

  test('rejects an image that is not a package, with a hint for one that does not exist', async () => {
    await loadFakeImage(engine, 'acme/app')
    await expect(inspect('acme/app')).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID' })
    await expect(inspect('docker://acme/none')).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', hint: expect.stringContaining('cnb buildpack package acme/none --path .') as string })
  })
})

describe('pullPackage', () => {
  const pull = async (name: string) => pullPackage({ name }, await places.services(), {})

  test('pulls a package, and returns its main buildpack', async () => {
    await create({})
    const tar = await buffer(await engine.images.save('acme/all'))
    await engine.images.remove('acme/all')
    engine.registry.set('acme/all:latest', tar)
    expect(await pull('docker://acme/all')).toMatchObject({ package: 'acme/all:latest', id: 'acme/all', version: '2' })
    expect(await engine.images.inspect('acme/all')).toBeDefined()
  })

  test.each([['./a', 'a path'], ['https://example.com/a.cnb', 'a URL']])('rejects %s', async (name, what) => {
    await expect(pull(name)).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot pull '${name}': it is ${what}, not an image` })
  })

  test('rejects an image that is not a package', async () => {
    await loadFakeImage(engine, 'acme/app')
    await expect(pull('docker://acme/app')).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID' })
  })
})
