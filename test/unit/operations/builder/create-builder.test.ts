import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { createBuilder, type CreateBuilderOptions } from '../../../../src/operations/builder/create-builder.ts'
import type { Registries } from '../../../../src/registry/registry.ts'
import { openContentCache } from '../../../../src/registry/download/content-cache.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { listen } from '../../../support/registry/listen.ts'
import { LIFECYCLE_TOML, PHASES, writeLifecycle } from '../../builder/lifecycle-files.ts'

let scratch: TemporaryDirectory
let engine: FakeEngine
let events: CnbEvent[]

const TOML = `[[buildpacks]]
uri = "node"
[[order]]
[[order.group]]
id = "acme/node"
[build]
image = "acme/build"
[[run.images]]
image = "acme/run"
[lifecycle]
uri = "lifecycle"
`

beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  engine = new FakeEngine()
  events = []
  await loadFakeImage(engine, 'acme/build')
  await loadFakeImage(engine, 'acme/run')
  await writeLifecycle(join(scratch.path, 'lifecycle'))
  await mkdir(join(scratch.path, 'node/bin'), { recursive: true })
  await writeFile(join(scratch.path, 'node/buildpack.toml'), 'api = "0.11"\n[buildpack]\nid = "acme/node"\nversion = "1"\n')
  for (const name of ['detect', 'build']) await writeFile(join(scratch.path, 'node/bin', name), '#!/bin/sh\n')
})
afterEach(() => scratch[Symbol.asyncDispose]())

async function create(toml = TOML, options: Partial<CreateBuilderOptions> = {}) {
  await writeFile(join(scratch.path, 'builder.toml'), toml)
  const host = { env: { CNB_HOME: scratch.path, CNB_CACHE_DIR: 'cache' }, cwd: scratch.path, home: '/nowhere' }
  // With the policy never, the registry's images in the cache are searched, without a request.
  const registries = async () => ({ repository: () => ({ name: 'r.example/unused' }) }) as unknown as Registries
  const services = async () => ({ engine, host, owner: 'test', sweep: async () => {}, credentials: async () => undefined })
  const remote = { host, platform: { os: 'linux', architecture: 'amd64' }, keychain: async () => async () => undefined, registries }
  const given = { image: 'acme/builder', config: 'builder.toml', pullPolicy: 'never' as const, ...options }
  return createBuilder(given, { services, remote }, { events: (event) => events.push(event) })
}

const warnings = (): string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

describe('createBuilder', () => {
  test('creates a builder with all its names, and returns its contents', async () => {
    const result = await create(TOML, { tags: ['acme/builder:2'], labels: ['team=web', 'a=b=c'] })
    expect(result).toMatchObject({
      image: 'acme/builder:latest',
      tags: ['acme/builder:2'],
      reference: result.id,
      lifecycleVersion: '0.21.0',
      buildpacks: [{ id: 'acme/node', version: '1' }],
    })
    expect((await engine.images.inspect('acme/builder:2'))?.id).toBe(result.id)
    const image = await engine.images.inspect('acme/builder')
    expect(image?.config.Labels).toMatchObject({ team: 'web', a: 'b=c' })
    expect(warnings()).toEqual([])
  })

  test('creates the same ID from the same files, and another from other files', async () => {
    const first = await create()
    expect((await create(TOML, { image: 'acme/again' })).id).toBe(first.id)
    await writeFile(join(scratch.path, 'node/bin/build'), '#!/bin/sh\ntrue\n')
    expect((await create(TOML, { image: 'acme/other' })).id).not.toBe(first.id)
  })

  test('pulls build and run images from a registry mirror, and records the names of builder.toml', async () => {
    for (const name of ['build', 'run']) {
      const copy = `m.example/hub/acme/${name}:latest`
      await engine.images.tag(`acme/${name}`, copy)
      engine.registry.set(copy, await buffer(await engine.images.save(copy)))
      for (const each of [copy, `acme/${name}`]) await engine.images.remove(each)
    }
    await create(TOML, { pullPolicy: 'always', registryMirrors: ['docker.io=m.example/hub'] })
    expect(warnings()).toEqual([])
    expect((await engine.images.inspect('acme/run'))?.tags).toEqual(['acme/build:latest', 'acme/run:latest'])
    const labels = (await engine.images.inspect('acme/builder'))?.config.Labels
    expect(JSON.stringify(labels)).not.toContain('m.example')
  })

  test('warns of a missing run image and a missing order', async () => {
    await engine.images.remove('acme/run')
    await create(TOML.replace(/\[\[order\]\]\n\[\[order.group\]\]\nid = "acme\/node"\n/, ''))
    expect(warnings()).toEqual([expect.stringContaining('[[order]] is missing'), expect.stringMatching(/cannot check run image 'acme\/run'/)])
  })

  test('creates the builder for the target that matches the engine', async () => {
    await create(`${TOML}[[targets]]\nos = "linux"\narch = "s390x"\n[[targets]]\nos = "linux"\narch = "amd64"\n`)
    expect((await engine.images.inspect('acme/builder'))?.platform).toMatchObject({ os: 'linux', architecture: 'amd64' })
  })

  describe('the lifecycle of a new builder', () => {
    const withLifecycle = (text: string): string => TOML.replace('uri = "lifecycle"', text)
    const chosen = () => events.flatMap((event) => (event.type === 'decision' && event.subject.kind === 'lifecycle' ? [`${event.subject.name}: ${event.reason}`] : []))
    const archive = (): Buffer => execFileSync('tar', ['--create', '--gzip', '--sort=name', '--directory', join(scratch.path, 'lifecycle'), '.'])
    /** An image of the lifecycle as buildpacks/lifecycle publishes it. */
    const loadLifecycle = (name: string) =>
      loadFakeImage(engine, name, {}, {
        'cnb/lifecycle.toml': LIFECYCLE_TOML,
        ...Object.fromEntries(['lifecycle', 'launcher', ...PHASES].map((file) => [`cnb/lifecycle/${file}`, file])),
      })

    test('comes from a URL, and offline from the cache', async () => {
      const local = await create()
      const server = await listen((_request, response) => void response.end(archive()))
      const toml = withLifecycle(`uri = "${server.origin}/l.tgz?token=secret"`)
      expect((await create(toml, { pullPolicy: 'if-not-present' })).id).toBe(local.id)
      await server[Symbol.asyncDispose]()
      expect((await create(toml)).id).toBe(local.id)
    })

    test('has its address without the token in the error for a file that is not an archive', async () => {
      await using server = await listen((_request, response) => void response.end('hello'))
      const failed = create(withLifecycle(`uri = "${server.origin}/l.tgz?token=secret"`), { pullPolicy: 'if-not-present' })
      await expect(failed).rejects.toMatchObject({ code: 'CNB_LIFECYCLE_INVALID', message: expect.stringContaining(`${server.origin}/l.tgz is not a valid tar`) as string })
    })

    test('comes from a release in the cache', async () => {
      await using cache = openContentCache(join(scratch.path, 'cache'), { budget: 1e9 })
      const { digest } = await cache.storeUnknown(async () => Readable.from([archive()]), { maxBytes: 1e6 })
      await cache.setFact('url', 'https://github.com/buildpacks/lifecycle/releases/download/v0.21.0/lifecycle-v0.21.0+linux.x86-64.tgz', { digest })
      const local = await create()
      expect((await create(withLifecycle('version = "0.21.0"'), { pullPolicy: 'always' })).id).toBe(local.id)
      expect((await create(withLifecycle(''), { pullPolicy: 'always' })).id).toBe(local.id)
      expect(chosen()).toEqual(["0.21.0: 'lifecycle' in builder.toml contains it", "0.21.0: 'version 0.21.0' in builder.toml contains it", '0.21.0: it is the default'])
    })

    test('comes from the image of --lifecycle-image, else of builder.toml, else of the configuration file', async () => {
      for (const name of ['option', 'file', 'configured']) await loadLifecycle(`acme/${name}`)
      await writeFile(join(scratch.path, 'config.toml'), 'lifecycle-image = "acme/configured"\n')
      await create(withLifecycle('image = "acme/file"'), { lifecycleImage: 'acme/option' })
      await create(withLifecycle('uri = "docker://acme/file"'))
      await create(withLifecycle(''))
      expect(chosen()).toEqual([
        '0.21.0: --lifecycle-image names it',
        "0.21.0: 'docker://acme/file' in builder.toml contains it",
        '0.21.0: the configuration file names its image',
      ])
    })
  })

  test.each([
    ['a release that is not in the cache', TOML.replace('uri = "lifecycle"', 'version = "0.20.0"'), {}, 'CNB_DOWNLOAD_FAILED', /cannot use https:\/\/github.com\/.*0.20.0.*: it is not in the cache, and the pull policy is never/],
    ['a missing lifecycle image', TOML, { lifecycleImage: 'acme/nothing' }, 'CNB_IMAGE_NOT_FOUND', /acme\/nothing/],
    ['an image without a lifecycle', TOML, { lifecycleImage: 'acme/run' }, 'CNB_LIFECYCLE_INVALID', /the image 'acme\/run.*' has no files in \/cnb\/lifecycle/],
    ['targets that do not match the engine', `${TOML}[[targets]]\nos = "linux"\narch = "s390x"\n`, {}, 'CNB_PLATFORM_MISMATCH', /no target of builder.toml matches the engine's platform, linux\/amd64/],
    ['a missing build image', TOML.replace('acme/build', 'acme/nothing'), {}, 'CNB_IMAGE_NOT_FOUND', /acme\/nothing/],
    ['a buildpack with another id', TOML.replace('uri = "node"', 'uri = "node"\nid = "acme/go"'), {}, 'CNB_BUILDPACK_INVALID', /has id 'acme\/node', but builder.toml specifies 'acme\/go'/],
    ['a missing buildpack', TOML.replace('uri = "node"', 'uri = "./nowhere"'), {}, 'CNB_BUILDPACK_NOT_FOUND', /nowhere/],
    ['a package that does not exist', TOML.replace('uri = "node"', 'uri = "docker://acme/node"'), {}, 'CNB_IMAGE_NOT_FOUND', /acme\/node/],
    ['a buildpack of a builder', TOML.replace('uri = "node"', 'uri = "from=builder"'), {}, 'CNB_USAGE', /cannot use 'from=builder' here/],
    ['a missing lifecycle', TOML.replace('uri = "lifecycle"', 'uri = "nowhere"'), {}, 'CNB_LIFECYCLE_INVALID', /nowhere/],
    ['a label without a value', TOML, { labels: ['team'] }, 'CNB_USAGE', /invalid --label 'team'/],
    ['a name with a digest', TOML, { image: `acme/builder@sha256:${'a'.repeat(64)}` }, 'CNB_REFERENCE_INVALID', /digest/],
    ['a missing builder.toml', TOML, { config: 'other.toml' }, 'CNB_DESCRIPTOR_INVALID', /cannot read 'other.toml': the file does not exist/],
    ['a directory for builder.toml', TOML, { config: 'node' }, 'CNB_DESCRIPTOR_INVALID', /cannot read 'node': is a directory/],
    ['a run image of another stack', `${TOML}[stack]\nid = "acme"\n`, {}, 'CNB_RUN_IMAGE_INVALID', /has stack ''/],
  ])('throws for %s, and creates no image', async (_, toml, options, code, message) => {
    await expect(create(toml, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect(await engine.images.inspect('acme/builder')).toBeUndefined()
  })

  test('throws for a run image of another platform, and warns of another distribution', async () => {
    await engine.images.remove('acme/run')
    await loadFakeImage(engine, 'acme/run', { Labels: { 'io.buildpacks.base.distro.name': 'alpine', 'io.buildpacks.base.distro.version': '3' } })
    await engine.images.remove('acme/build')
    await loadFakeImage(engine, 'acme/build', { Labels: { 'io.buildpacks.base.distro.name': 'debian', 'io.buildpacks.base.distro.version': '12' } })
    await create()
    expect(warnings()).toEqual([expect.stringContaining("is alpine 3, the build image is debian 12")])
  })
})
