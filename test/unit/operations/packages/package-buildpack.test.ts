import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { readModules } from '../../../../src/buildpacks/read.ts'
import { packageModule } from '../../../../src/operations/packages/package-buildpack.ts'
import type { PackageOptions, PackageResult } from '../../../../src/operations/packages/package-options.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { placesWith } from '../../../support/places.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

let scratch: TemporaryDirectory
let registry: MemoryRegistry
let client: TestClient
let engine: FakeEngine
let events: CnbEvent[]
let connected: number

beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  registry = await new MemoryRegistry().start()
  client = openClient()
  engine = new FakeEngine()
  events = []
  for (const id of ['a', 'b']) await writeBuildpack(id)
  await write('all/buildpack.toml', 'api = "0.10"\n[buildpack]\nid = "acme/all"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "acme/a"\nversion = "1"\n[[order.group]]\nid = "acme/b"\nversion = "1"\n')
  await write('all/package.toml', '[buildpack]\nuri = "."\n[[dependencies]]\nuri = "../a"\n[[dependencies]]\nuri = "../b"\n')
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await scratch[Symbol.asyncDispose]()
})

const at = (path: string): string => join(scratch.path, path)

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true })
  await writeFile(at(path), text)
}

async function writeBuildpack(directory: string, targets = ''): Promise<void> {
  await write(`${directory}/buildpack.toml`, `api = "0.10"\n[buildpack]\nid = "acme/${directory}"\nversion = "1"\n${targets}`)
  for (const name of ['detect', 'build']) await write(`${directory}/bin/${name}`, '#!/bin/sh\n')
}

const TWO = '[[targets]]\nos = "linux"\narch = "amd64"\n[[targets]]\nos = "linux"\narch = "arm64"\n'

async function create(options: Partial<PackageOptions>): Promise<PackageResult> {
  const host = { env: { CNB_CACHE_DIR: 'cache' }, cwd: scratch.path, home: '/nowhere' }
  const places = placesWith({ engine, host, registries: client.registries })
  const result = await packageModule({ kind: 'buildpack', name: 'acme/package', ...options }, places, { events: (event) => events.push(event) })
  connected = places.connected
  return result
}

const warnings = (): string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

describe('a package on the engine', () => {
  test('has all names, the labels of the command line, and the ID in the result', async () => {
    const result = await create({ path: 'a', tags: ['acme/package:2'], labels: ['team=web'] })
    expect(result).toMatchObject({ package: 'acme/package:latest', tags: ['acme/package:2'], places: ['engine'], id: 'acme/a', version: '1', modules: [{ id: 'acme/a', version: '1' }] })
    const image = await engine.images.inspect('acme/package:2')
    expect(image?.id).toBe(result.reference)
    expect(image?.config.Labels).toMatchObject({ team: 'web' })
    expect(result.images).toEqual([{ target: 'linux/any', id: image?.id }])
  })

  test('is for the target of the descriptor that matches the engine', async () => {
    await writeBuildpack('a', `[[targets]]\nos = "linux"\narch = "s390x"\n${TWO}`)
    const { images } = await create({ path: 'a' })
    expect(images.map(({ target }) => target)).toEqual(['linux/amd64'])
    expect((await engine.images.inspect('acme/package'))?.platform.architecture).toBe('amd64')
  })

  test('is refused for several targets, and for another platform', async () => {
    await expect(create({ path: 'a', targets: ['linux/amd64', 'linux/arm64'] })).rejects.toMatchObject({ code: 'CNB_USAGE' })
    await expect(create({ path: 'a', targets: ['linux/s390x'] })).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH' })
  })
})

describe('a composite package', () => {
  test('has the dependencies of package.toml, named or next to the buildpack', async () => {
    const first = await create({ config: 'all/package.toml' })
    expect(first.modules.map(({ id }) => id).sort()).toEqual(['acme/a', 'acme/all', 'acme/b'])
    expect((await create({ path: 'all', name: 'acme/again' })).reference).toBe(first.reference)
  })

  test('takes its targets from package.toml', async () => {
    await write('all/package.toml', `${await readFile(at('all/package.toml'), 'utf8')}${TWO}`)
    const { images } = await create({ config: 'all/package.toml', format: 'file', name: 'all' })
    expect(images.map(({ path }) => path)).toEqual([at('all-linux-amd64.cnb'), at('all-linux-arm64.cnb')])
  })

  test('can have packages as dependencies, which are not repacked', async () => {
    await create({ path: 'a', format: 'file', name: 'a' })
    await create({ path: 'b', name: `${registry.address}/b`, publish: true })
    const direct = await create({ config: 'all/package.toml' })
    await write('package.toml', `[buildpack]\nuri = "all"\n[[dependencies]]\nuri = "a.cnb"\n[[dependencies]]\nuri = "docker://${registry.address}/b"\n`)
    expect((await create({ config: 'package.toml', name: 'acme/again' })).reference).toBe(direct.reference)
  })
})

describe('a package file', () => {
  test('needs no engine, and is read as the package', async () => {
    const result = await create({ path: 'a', format: 'file', name: 'out' })
    expect(connected).toBe(0)
    expect(result).toMatchObject({ package: at('out.cnb'), places: ['file'], reference: at('out.cnb') })
    const platform = { os: 'linux', architecture: 'amd64' }
    const { modules: [module] } = await readModules(at('out.cnb'), { kind: 'buildpack', platform })
    const { modules: [source] } = await readModules(at('a'), { kind: 'buildpack', platform })
    expect(module?.layer.diffId).toBe(source?.layer.diffId)
  })

  test('has the same bytes each time, and replaces an older one only when it is complete', async () => {
    await create({ path: 'a', format: 'file', name: 'out' })
    const first = await readFile(at('out.cnb'))
    await create({ path: 'a', format: 'file', name: 'out' })
    expect(await readFile(at('out.cnb'))).toEqual(first)
    await expect(create({ path: 'all', format: 'file', name: 'none/out' })).rejects.toMatchObject({ code: 'CNB_OUTPUT' })
    expect((await readdir(scratch.path)).sort()).toEqual(['a', 'all', 'b', 'out.cnb'])
  })

  test.each([
    ['its directory', 'linux/amd64', ['a/out.cnb']],
    ['its directory, with a file for each target', 'linux/amd64 linux/arm64', ['a/out-linux-amd64.cnb', 'a/out-linux-arm64.cnb']],
    ['the folder of its platform', 'linux/amd64', ['a/linux/amd64/out.cnb']],
  ])('does not contain itself in %s', async (_, targets, files) => {
    if (files[0]!.startsWith('a/linux')) for (const name of ['detect', 'build']) await write(`a/linux/amd64/bin/${name}`, '#!/bin/sh\n')
    const options: Partial<PackageOptions> = { path: 'a', format: 'file', name: files[0]!.replace('-linux-amd64', ''), targets: targets.split(' ') }
    const contents = () => Promise.all(files.map((file) => readFile(at(file))))
    await create(options)
    const first = await contents()
    await create(options)
    expect(await contents()).toEqual(first)
  })

  test.each(['oci:a/images', 'layout-repo:a/images'])('does not contain %s of an earlier package', async (place) => {
    const options: Partial<PackageOptions> = { path: 'a', to: [place], targets: ['linux/amd64'] }
    const { images: first } = await create(options)
    expect((await create(options)).images).toEqual(first)
  })

  test.each([
    ['name', ['linux/amd64'], ['name.cnb']],
    ['name-1.0', ['linux/amd64'], ['name-1.0.cnb']],
    ['name.cnb', ['linux/amd64', 'linux/arm64'], ['name-linux-amd64.cnb', 'name-linux-arm64.cnb']],
    ['name', ['linux/arm/v6', 'linux/arm/v7'], ['name-linux-arm-v6.cnb', 'name-linux-arm-v7.cnb']],
    ['name', ['linux/amd64:debian@12;debian@13'], ['name-linux-amd64-debian-12.cnb', 'name-linux-amd64-debian-13.cnb']],
  ])('has for the name %s and the targets %j the paths %j', async (name, targets, files) => {
    const { images } = await create({ path: 'a', format: 'file', name, targets })
    expect(images.map(({ path }) => path)).toEqual(files.map(at))
  })

  test('warns of another extension, and of options for images', async () => {
    await create({ path: 'a', format: 'file', name: 'out.tar', publish: true, tags: ['x'], appendImageNameSuffix: true })
    expect(warnings()).toEqual([
      '--publish has no effect: it is for published images',
      '--tag has no effect: it is for published images',
      '--append-image-name-suffix has no effect: it is for published images',
      "'out.tar' does not end with .cnb, the extension of packages",
    ])
  })
})

describe('a published package', () => {
  const manifestOf = (repository: string, tag: string) => {
    const found = registry.repositories.get(repository)
    const content = found?.manifests.get(found.tags.get(tag) ?? '')?.content
    return JSON.parse(content?.toString() ?? '{}') as { manifests?: { platform: object }[] }
  }

  test('is an index under all names for several targets, and needs no engine', async () => {
    await writeBuildpack('a', TWO)
    const name = `${registry.address}/team/a`
    const result = await create({ path: 'a', name, tags: [`${name}:two`], publish: true })
    expect(connected).toBe(0)
    expect(result.images.map(({ target }) => target)).toEqual(['linux/amd64', 'linux/arm64'])
    expect(manifestOf('team/a', 'latest').manifests?.map(({ platform }) => platform)).toEqual([{ architecture: 'amd64', os: 'linux' }, { architecture: 'arm64', os: 'linux' }])
    expect(manifestOf('team/a', 'two')).toEqual(manifestOf('team/a', 'latest'))
    expect([...(registry.repositories.get('team/a')?.tags.keys() ?? [])]).toEqual(['latest', 'two'])
  })

  test('may have a tag for each target', async () => {
    await create({ path: 'a', name: `${registry.address}/team/a:1`, publish: true, targets: ['linux/amd64', 'linux/arm64:debian@12'], appendImageNameSuffix: true })
    expect([...(registry.repositories.get('team/a')?.tags.keys() ?? [])].sort()).toEqual(['1', '1-linux-amd64', '1-linux-arm64-debian-12'])
  })
})

test.each([
  [{ config: 'all/package.toml', path: 'a' }, '--config and --path exclude each other'],
  [{ publish: true, pullPolicy: 'never' as const }, '--publish and --pull-policy never exclude each other'],
  [{ format: 'file' as const, to: ['engine'] }, '--format file and --to exclude each other'],
  [{ flattenExclude: ['a@1'] }, '--flatten-exclude requires --flatten'],
  [{ flatten: true, flattenExclude: ['a'] }, "invalid --flatten-exclude 'a': expected id@version"],
  [{ labels: ['a'] }, "invalid --label 'a': expected key=value"],
])('rejects the options %j', async (options, message) => {
  await expect(create(options)).rejects.toMatchObject({ code: 'CNB_USAGE', message })
})

test('reports a package.toml that is missing, and a module that is a package already', async () => {
  await expect(create({ config: 'none.toml' })).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID' })
  await write('p.toml', '[buildpack]\nuri = "docker://acme/a"\n')
  await expect(create({ config: 'p.toml' })).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot package 'docker://acme/a': it is a package already" })
})

test('warns of Windows targets of a descriptor, and is refused without any other', async () => {
  await writeBuildpack('a', `[[targets]]\nos = "windows"\narch = "amd64"\n${TWO}`)
  expect((await create({ path: 'a' })).images).toHaveLength(1)
  expect(warnings()).toEqual(['no package is created for windows/amd64: cnb does not support Windows'])
  await writeBuildpack('a', '[[targets]]\nos = "windows"\narch = "amd64"\n')
  await expect(create({ path: 'a' })).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED' })
})
