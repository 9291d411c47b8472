/** Whole builds with each driver and sink, on the fake engine and an in-memory registry. */

import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BuildOptions } from '../../../../src/operations/build/build-options.ts'
import { BUILDER, type FakeBuilds, loadFakeBuilder, NODE, openFakeBuilds } from '../../../support/fakes/fake-builds.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { makeCertificate } from '../../../support/registry/certificate.ts'
import { find, layerOf, planOf, save } from '../../../support/images/layout-images.ts'
import { buildpackFiles } from '../../../support/script-builder.ts'
import { writeFiles } from '../../../support/workbench.ts'

let builds: FakeBuilds

beforeEach(async () => {
  builds = await openFakeBuilds()
})

test('warns once of credentials in the git configuration of the app, also if nothing changed', async () => {
  await writeFiles(builds.app, { '.git/config': '[remote "origin"]\n\turl = https://me:secret@git.example/web\n' })
  for (const _ of [1, 2]) {
    builds.events.length = 0
    await builds.build({ ifChanged: true })
    expect(builds.events.filter(({ type }) => type === 'warning')).toEqual([{ type: 'warning', message: expect.stringContaining('.git/config has credentials') as string }])
  }
})

describe('a published image', () => {
  let registry: MemoryRegistry
  let image: string

  beforeEach(async () => {
    registry = await new MemoryRegistry().start()
    image = `${registry.address}/team/app:1`
  })
  afterEach(() => registry[Symbol.asyncDispose]())

  const publish = (options: Partial<BuildOptions> = {}) => builds.build({ image, publish: true, ...options })
  const tagged = (): string | undefined => registry.repository('team/app').tags.get('1')
  const refuse = (method: string, path = ''): void => {
    registry.intercept = (request, response) =>
      request.method === method && (request.url ?? '').includes(path) && Boolean(response.writeHead(403).end('{"errors":[{"code":"DENIED"}]}'))
  }

  test('is only in its registry, and a second build does not change it', async () => {
    const result = await publish()
    expect(result).toMatchObject({ places: ['registry'], reference: `${registry.address}/team/app@${tagged()}`, id: `${registry.address}/team/app@${tagged()}` })
    expect(await builds.engine.images.inspect(image)).toBeUndefined()
    registry.takeRequests()
    expect((await publish()).reference).toBe(result.reference)
    expect(registry.takeRequests().filter((line) => /^(PUT|PATCH) .*blobs/.test(line))).toEqual([])
  })

  test.each([['engine'], ['engine', 'layout'], ['engine', 'registry'], ['layout', 'registry'], ['engine', 'registry', 'layout']])(
    'is saved to exactly the specified sinks: %s',
    async (...names) => {
      const directory = join(builds.host.home, 'layout')
      const to = names.map((name) => (name === 'layout' ? `oci:${directory}` : name))
      const { places, id, reference } = await builds.build({ image, to })
      expect([...places].sort()).toEqual([...to].sort())
      expect((await builds.engine.images.inspect(image))?.id).toBe(names.includes('engine') ? id : undefined)
      expect(tagged() !== undefined).toBe(names.includes('registry'))
      if (names.includes('registry')) expect(reference).toBe(`${registry.address}/team/app@${tagged()}`)
      expect((await find(`oci:${directory}:1`)) !== undefined).toBe(names.includes('layout'))
    },
  )

  test('starts from the run image below the directory of layouts, and without one from the usual place', async () => {
    const root = join(builds.host.home, 'layouts')
    const build = (sinks: string[]) => builds.build({ image: 'other/app', to: sinks, pullPolicy: 'never' })
    const base = async () => (await find(`oci:${root}/index.docker.io/other/app/latest`))?.layers[0]?.diffId
    expect(await build([`layout-repo:${root}`])).toMatchObject({ places: [`layout-repo:${root}`] })
    const usual = await base()
    const plan = planOf([layerOf('of the layout')])
    await save(`oci:${root}/index.docker.io/some/run/latest`, { ...plan, config: { ...plan.config, config: { Env: ['PATH=/bin'] } } })
    await build([`layout-repo:${root}`])
    expect(await base()).toBe(plan.layers[0]?.diffId)
    // The engine can only have its own run image.
    await build(['engine', `layout-repo:${root}`])
    expect(await base()).toBe(usual)
  })

  test('is published with a certificate from a pipe, which can be read only once', async () => {
    await using certificate = await makeCertificate()
    const pipe = join(builds.host.home, 'ca.pem')
    execFileSync('mkfifo', [pipe])
    const [result] = await Promise.all([publish({ caCerts: [pipe] }), writeFile(pipe, certificate.ca)])
    expect(result.places).toEqual(['registry'])
  })

  test('remains in earlier sinks after a failed push, and the error lists them', async () => {
    const directory = join(builds.host.home, 'layout')
    refuse('PUT', '/manifests/')
    await expect(publish({ to: ['engine', `oci:${directory}`] })).rejects.toMatchObject({
      code: 'CNB_REGISTRY_DENIED',
      message: expect.stringMatching(new RegExp(`in oci:${directory}:1 .*on the engine as ${image}`)) as string,
    })
    expect(await builds.engine.images.inspect(image)).toBeDefined()
    expect((await find(`oci:${directory}:1`))?.layers).not.toEqual([])
    expect(tagged()).toBeUndefined()
  })

  test('is reported without a location if it was saved nowhere before a failed push', async () => {
    refuse('PUT', '/manifests/')
    const error = await publish().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
    expect((error as Error).message).not.toMatch(/engine as|in oci:/)
  })

  test('requires push access before a buildpack runs, and leaves nothing on the engine', async () => {
    refuse('POST')
    await expect(publish()).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
    expect(builds.events.filter(({ type }) => type === 'phase.start')).toEqual([])
    expect(await builds.leftOvers()).toEqual({ containers: 0, volumes: [] })
  })

  test('reuses the layers of the registry\'s image, not of the engine\'s', async () => {
    builds.work = (made) => made.layer('dist', { launch: true, files: { 'bin/node': 'node' } })
    await publish()
    builds.work = (made) => made.layer('dist', { launch: true })
    builds.takeLines()
    const { reference } = await publish()
    expect(builds.takeLines()).toContain("Reusing layer 'test/node:dist'")
    expect(reference).toBe(`${registry.address}/team/app@${tagged()}`)
  })

  test('reuses the layers of the previous image in a layout', async () => {
    const to = [`oci:${join(builds.host.home, 'layout')}`]
    builds.work = (made) => made.layer('dist', { launch: true, files: { 'bin/node': 'node' } })
    const first = await builds.build({ to })
    expect(first.reference).toMatch(/^oci:.*layout@sha256:/)
    expect(first.places).toEqual(to)
    builds.work = (made) => made.layer('dist', { launch: true })
    expect((await builds.build({ to })).reference).toBe(first.reference)
    expect(await builds.engine.images.inspect('my-app')).toBeUndefined()
  })

  test('has a cache image from which another engine restores layers', async () => {
    const cacheImage = `${registry.address}/cache:1`
    await builds.build({ cacheImage })
    expect(registry.repository('cache').tags.has('1')).toBe(true)
    const other = await openFakeBuilds()
    let found: string | undefined
    other.work = (made) => {
      found = made.read('test_node/dist/bin/node')
      made.layer('dist', { launch: true, cache: true, metadata: { version: '1' } })
    }
    await other.build({ cacheImage })
    expect(found).toBe('node')
    expect((await other.contents()).get('/layers/test_node/dist/bin/node')).toBe('node')
  })

  test('is complete if the cache cannot be written, which causes a warning', async () => {
    refuse('PUT', '/cache/manifests/')
    await builds.build({ cacheImage: `${registry.address}/cache:1` })
    expect(builds.events.filter(({ type }) => type === 'warning')).toHaveLength(1)
    expect(await builds.engine.images.inspect('my-app')).toBeDefined()
  })

  test('is not supported by the stock driver', async () => {
    for (const options of [{ publish: true }, { publish: false, cacheImage: `${registry.address}/cache` }, { publish: false, to: ['oci:dir'] }]) {
      await expect(publish({ ...options, lifecycle: 'stock' })).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED' })
    }
    expect(registry.takeRequests()).toEqual([])
  })
})

test('caches layers in a directory, from which another engine restores them', async () => {
  const source = join(builds.host.home, 'cache')
  await mkdir(source)
  const cache = [`type=build;format=bind;source=${source}`]
  await builds.build({ cache })
  const other = await openFakeBuilds()
  const found: (string | undefined)[] = []
  other.work = (made) => {
    found.push(made.read('test_node/dist/bin/node'))
    made.layer('dist', { launch: true, cache: true, metadata: { version: '1' } })
  }
  await other.build({ cache })
  // In the second build, the volume already has the directory's contents.
  await other.build({ cache })
  expect(found).toEqual(['node', 'node'])
})

test.each<[string, Partial<BuildOptions>]>([
  ['an unknown sink', { to: ['nowhere'] }],
  ['--sparse without a layout', { sparse: true }],
])('refuses %s', async (_, options) => {
  await expect(builds.build(options)).rejects.toMatchObject({ code: 'CNB_USAGE', hint: expect.any(String) as string })
})

describe('the container that starts before the plan is complete', () => {
  const buildContainers = () => builds.engine.created.filter(({ command }) => command[0] === '/bin/sh')

  test('runs the build', async () => {
    await builds.build()
    expect(buildContainers()).toHaveLength(1)
  })

  test("is replaced if an added buildpack hides files of the builder's", async () => {
    const path = join(builds.host.home, 'own')
    await mkdir(path)
    await writeFiles(path, buildpackFiles(NODE.id, { version: NODE.version }))
    await builds.build({ buildpacks: [path] })
    const hidden = buildContainers().map(({ mounts }) => mounts?.filter(({ target }) => target === '/cnb/buildpacks/test_node/1.0.0').length)
    expect(hidden).toEqual([0, 1])
    expect((await builds.leftOvers()).containers).toBe(0)
  })

  test.each([
    ['an unknown run image', { runImage: 'some/missing' }, 'CNB_IMAGE_NOT_FOUND'],
    ['an unknown buildpack', { buildpacks: ['/missing/buildpack'] }, 'CNB_BUILDPACK_NOT_FOUND'],
  ])('is removed after the error for %s', async (_, options, code) => {
    await expect(builds.build(options)).rejects.toMatchObject({ code })
    expect(await builds.leftOvers()).toEqual({ containers: 0, volumes: [] })
  })
})

describe('with the stock driver', () => {
  let ran: { phase: string; args: string }[]

  beforeEach(async () => {
    ran = []
    await loadFakeImage(builds.engine, 'my-app', {}, { 'made-by': 'the exporter' })
    for (const phase of ['creator', 'analyzer', 'detector', 'restorer', 'builder', 'exporter']) {
      builds.engine.programs.set(`/cnb/lifecycle/${phase}`, async ({ args }) => (ran.push({ phase, args: args.join(' ') }), 0))
    }
  })

  const build = (options: Partial<BuildOptions> = {}) => builds.build({ lifecycle: 'stock', dockerHost: 'tcp://engine:2375', ...options })

  test("never runs an added buildpack in a container with the engine's socket", async () => {
    const path = join(builds.host.home, 'own')
    await writeFiles(path, buildpackFiles('own/buildpack', {}))
    await build({ trustBuilder: true, buildpacks: [NODE.id, path] })
    expect(ran.map(({ phase }) => phase)).toEqual(['analyzer', 'detector', 'restorer', 'builder', 'exporter'])
    for (const { command, env } of builds.engine.created.filter(({ command: [program] }) => /detector|builder/.test(program ?? ''))) {
      expect({ command, socket: env?.filter((line) => line.startsWith('DOCKER_HOST')) }).toEqual({ command, socket: [] })
    }
  })

  test('runs a trusted builder in one container', async () => {
    await build({ trustBuilder: true })
    expect(ran.map(({ phase }) => phase)).toEqual(['creator'])
  })

  test.each(['0.7', '0.8', '0.9', '0.15'])('passes only supported flags with --clear-cache to a lifecycle with platform API %s', async (api) => {
    await loadFakeBuilder(builds.engine, { platformApis: [api] })
    const result = await build({ clearCache: true })
    expect(result).toMatchObject({ builder: BUILDER, platformApi: api, places: ['engine'] })
    const skipping = ran.filter(({ args }) => args.includes('-skip-layers')).map(({ phase }) => phase)
    expect(skipping).toEqual(['0.7', '0.8'].includes(api) ? ['restorer'] : ['analyzer', 'restorer'])
  })
})
