/** Planning of builds from options, without containers. */

import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Context } from '../../../../src/base/events.ts'
import type { BuildPlan } from '../../../../src/lifecycle/lifecycle.ts'
import type { PlatformBuildOptions } from '../../../../src/operations/build/build-options.ts'
import { readInput } from '../../../../src/operations/build/build-input.ts'
import { planBuild } from '../../../../src/operations/build/build-plan.ts'
import { familiarName } from '../../../../src/oci/reference.ts'
import { BUILDER, type FakeBuilds, loadFakeBuilder, NODE, openFakeBuilds, RUN_IMAGE } from '../../../support/fakes/fake-builds.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { makeCertificate } from '../../../support/registry/certificate.ts'
import { buildpackFiles } from '../../../support/script-builder.ts'
import { writeFiles } from '../../../support/workbench.ts'
import { localSources } from '../../buildpacks/read-path.ts'

let builds: FakeBuilds

beforeEach(async () => {
  builds = await openFakeBuilds()
})

afterEach(() => expect(builds.engine.created).toEqual([]))

const plan = async (options: Partial<PlatformBuildOptions> = {}, services = builds): Promise<BuildPlan> => {
  const context: Context = { events: (event) => services.events.push(event) }
  return planBuild(await readInput({ image: 'my-app', builder: BUILDER, pullPolicy: 'never', ...options }, services.host, context), services, { sources: localSources }, context)
}

/** Creates a directory with a buildpack. */
async function ownBuildpack(id = 'own/buildpack'): Promise<string> {
  const path = join(builds.host.home, id.replace('/', '_'))
  await mkdir(path)
  await writeFiles(path, buildpackFiles(id, {}))
  return path
}

const configure = (toml: string): Promise<void> => writeFiles(builds.host.home, { '.cnb/config.toml': toml })
const describeProject = (toml: string): Promise<void> => writeFile(join(builds.app, 'project.toml'), toml)
const warnings = (): string[] => builds.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

describe('one container for all phases with the engine socket', () => {
  const TRUSTED_CONFIG = '[[trusted-builders]]\nname = "some/builder"\n'

  test('runs a builder that a flag or the configuration trusts', async () => {
    expect((await plan()).trusted).toBe(false)
    expect((await plan({ trustBuilder: true })).trusted).toBe(true)
    await configure(TRUSTED_CONFIG)
    expect((await plan()).trusted).toBe(true)
    expect((await plan({ trustBuilder: false })).trusted).toBe(false)
  })

  test("runs inline scripts of project.toml and the builder's buildpacks", async () => {
    await describeProject('[_]\nschema-version = "0.2"\n[[io.buildpacks.group]]\nid = "own/script"\n[io.buildpacks.group.script]\napi = "0.11"\ninline = "true"\n')
    const planned = await plan({ trustBuilder: true })
    expect(planned.buildpacks).toHaveLength(1)
    expect(planned.trusted).toBe(true)
    expect((await plan({ trustBuilder: true, buildpacks: [NODE.id] })).trusted).toBe(true)
  })

  test.each([
    ['with --buildpack', async (path: string) => ({ buildpacks: [path] })],
    ["together with the builder's", async (path: string) => ({ buildpacks: [NODE.id, path] })],
    ['in project.toml', async (path: string) => (await describeProject(`[_]\nschema-version = "0.2"\n[[io.buildpacks.group]]\nuri = "${path}"\n`), {})],
    ['before the order in project.toml', async (path: string) => (await describeProject(`[_]\nschema-version = "0.2"\n[[io.buildpacks.pre.group]]\nuri = "${path}"\n`), {})],
  ])('never runs a buildpack that the user adds %s, even if the builder is trusted', async (_, options) => {
    const added = await options(await ownBuildpack())
    await configure(TRUSTED_CONFIG)
    for (const trustBuilder of [true, undefined]) {
      const planned = await plan({ ...added, trustBuilder })
      expect(planned.buildpacks).toHaveLength(1)
      expect(planned.trusted).toBe(false)
    }
  })

  test('reports separate containers for added buildpacks with the stock lifecycle only', async () => {
    const told = (): string[] => builds.events.flatMap((event) => (event.type === 'info' ? [event.message] : []))
    const options = { trustBuilder: true, buildpacks: [await ownBuildpack()] }
    await plan(options)
    expect(told()).toEqual([])
    await plan({ ...options, lifecycle: 'stock' })
    expect(told()).toEqual([expect.stringContaining('each phase runs in a separate container')])
  })

  test('never runs an extension', async () => {
    const order = JSON.stringify([{ group: [{ id: 'some/extension', version: '1' }] }])
    await loadFakeBuilder(builds.engine, { labels: { 'io.buildpacks.buildpack.order-extensions': order } })
    expect((await plan({ trustBuilder: true })).trusted).toBe(false)
  })
})

describe('the builder', () => {
  test("comes from the flag, otherwise from project.toml, otherwise from the configuration", async () => {
    for (const name of ['of/project', 'of/config']) await loadFakeBuilder(builds.engine, { name: `${name}:1` })
    const builderOf = async (options: Partial<PlatformBuildOptions>): Promise<string> => (await plan(options)).builder.image.reference
    await expect(plan({ builder: undefined })).rejects.toMatchObject({ code: 'CNB_USAGE', exit: 2 })
    await configure('default-builder-image = "of/config:1"\n')
    expect(await builderOf({ builder: undefined })).toBe('of/config:1')
    await describeProject('[_]\nschema-version = "0.2"\n[io.buildpacks]\nbuilder = "of/project:1"\n')
    expect(await builderOf({ builder: undefined })).toBe('of/project:1')
    expect(await builderOf({})).toBe(BUILDER)
  })

  test('must be for the platform of the engine or of --platform', async () => {
    const arm = await openFakeBuilds({ platform: { os: 'linux', architecture: 'arm64' } })
    await expect(plan({}, arm)).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH' })
    await expect(plan({ platform: 'linux/arm64' })).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH' })
    expect((await plan({ platform: 'linux/amd64' })).platform).toEqual({ os: 'linux', architecture: 'amd64' })
  })

  test('cannot have the name of the image, in any spelling', async () => {
    for (const options of [{ image: 'some/builder' }, { image: 'docker.io/some/builder:latest' }, { tags: ['some/builder'] }]) {
      await expect(plan(options)).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot name the image 'some/builder:latest': it is the name of the builder" })
    }
    await expect(plan({ image: 'some/builder:app' })).resolves.toBeDefined()
    await expect(plan({ image: 'other.example/some/builder' })).resolves.toBeDefined()
  })

  test('determines the platform API, among those that cnb supports', async () => {
    await loadFakeBuilder(builds.engine, { platformApis: ['0.6', '0.8', '0.11', '0.99'] })
    expect((await plan()).platformApi).toEqual({ major: 0, minor: 11 })
    await loadFakeBuilder(builds.engine, { platformApis: ['0.99'] })
    await expect(plan()).rejects.toMatchObject({ code: 'CNB_PLATFORM_API' })
  })

  test('must be a builder image', async () => {
    await expect(plan({ builder: RUN_IMAGE })).rejects.toMatchObject({ code: 'CNB_BUILDER_INVALID' })
    await expect(plan({ builder: 'not/there' })).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
  })
})

describe('the run image', () => {
  const runImage = async (options: Partial<PlatformBuildOptions> = {}): Promise<string> => (await plan(options)).runImage.name
  const MIRRORS = [{ image: RUN_IMAGE, mirrors: ['reg.example/run'] }]

  test("comes from the user, otherwise from the builder, with the mirror in the app's registry", async () => {
    await loadFakeBuilder(builds.engine, { runImages: MIRRORS })
    await builds.engine.images.tag(RUN_IMAGE, 'reg.example/run:latest')
    await builds.engine.images.tag(RUN_IMAGE, 'own/run:1')
    expect(await runImage()).toBe(RUN_IMAGE)
    expect(await runImage({ image: 'reg.example/team/app' })).toBe('reg.example/run')
    expect(await runImage({ runImage: 'own/run:1' })).toBe('own/run:1')
    expect((await plan({ runImage: 'own/run:1' })).runImages).toEqual([{ image: 'own/run:1', mirrors: [] }])
    expect((await plan()).runImages).toEqual(MIRRORS)
  })

  test("comes from the user's mirror in the app's registry if the configuration lists one", async () => {
    await builds.engine.images.tag(RUN_IMAGE, 'corp.example/run:1')
    await configure(`[[run-images]]\nimage = "${RUN_IMAGE}"\nmirrors = ["corp.example/run:1"]\n`)
    const { runImage: chosen, runImages } = await plan({ image: 'corp.example/my-app' })
    expect(chosen.name).toBe('corp.example/run:1')
    expect(runImages).toEqual([{ image: RUN_IMAGE, mirrors: [] }])
  })

  test.each([
    ['without PATH', { Env: ['A=b'] }, 'CNB_RUN_IMAGE_INVALID'],
    ['for another platform', undefined, 'CNB_PLATFORM_MISMATCH'],
  ])('is refused %s', async (_, config, code) => {
    if (config) await loadFakeImage(builds.engine, 'other/run:1', config, { 'etc/other': '' })
    else await loadFakeImage(builds.engine, 'other/run:1', {}, { 'etc/other': '' }, { architecture: 's390x' })
    await expect(plan({ runImage: 'other/run:1' })).rejects.toMatchObject({ code })
  })

  test('must have the builder\'s stack before platform API 0.12', async () => {
    const labels = { 'io.buildpacks.stack.id': 'a.stack' }
    await loadFakeBuilder(builds.engine, { labels, platformApis: ['0.11'] })
    await expect(plan()).rejects.toMatchObject({ code: 'CNB_RUN_IMAGE_INVALID' })
    await loadFakeImage(builds.engine, RUN_IMAGE, { Labels: labels }, { 'etc/run': '' })
    expect(await runImage()).toBe(RUN_IMAGE)
    await loadFakeBuilder(builds.engine, { labels: { 'io.buildpacks.stack.id': 'b.stack' }, platformApis: ['0.12'] })
    expect(await runImage()).toBe(RUN_IMAGE)
  })

  test('must be specified by the builder or the user', async () => {
    await loadFakeBuilder(builds.engine, { runImages: [] })
    await expect(plan()).rejects.toMatchObject({ code: 'CNB_BUILDER_INVALID' })
    expect(await runImage({ runImage: RUN_IMAGE })).toBe(`${RUN_IMAGE}:latest`)
  })

  test('is found and checked in the same way for an extension', async () => {
    await loadFakeImage(builds.engine, 'bad/run:1', { Env: [] }, { 'etc/bad': '' })
    const planned = await plan()
    expect((await planned.findRunImage(RUN_IMAGE, {})).image.id).toBe(planned.runImage.image.id)
    await expect(planned.findRunImage('bad/run:1', {})).rejects.toMatchObject({ code: 'CNB_RUN_IMAGE_INVALID' })
    await expect(planned.findRunImage('not/there', {})).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
  })
})

test('derives cache volumes from image and key, and uses those of the user', async () => {
  const { cacheVolumes: own } = await plan()
  expect((await plan({ image: 'docker.io/library/my-app:latest' })).cacheVolumes).toEqual(own)
  expect((await plan({ image: 'my-app:2' })).cacheVolumes).not.toEqual(own)
  expect(new Set(Object.values(own)).size).toBe(8)
  expect((await plan({ cache: ['type=build;format=volume;name=mine'] })).cacheVolumes).toEqual({
    build: 'mine', layers: 'mine.layers', record: 'mine.record', state: 'mine.state', kaniko: 'mine.kaniko', app: 'mine.app', inputs: 'mine.inputs', chosen: true, launch: own.launch,
  })
  expect((await plan({ cache: ['type=launch;format=volume;name=mine'] })).cacheVolumes).toEqual({ ...own, launch: 'mine' })
  expect((await plan({ cache: ['type=build;format=bind;source=dir'] })).cacheDirectory).toBe(join(builds.app, 'dir/build-cache'))
  Object.assign(builds.host.env, { PACK_VOLUME_KEY: 'other' })
  expect((await plan()).cacheVolumes.layers).not.toBe(own.layers)
})

test('contains all options of the user', async () => {
  Object.assign(builds.host.env, { FROM_HOST: 'host', https_proxy: 'http://proxy' })
  const planned = await plan({
    tags: ['other:1'], env: ['A=1', 'FROM_HOST'], volumes: ['/data:/data', 'vol:/var/vol:rw'], memory: '1g', cpus: '2', pidsLimit: 100, network: 'none',
    clearCache: true, creationTime: '1970-01-02', defaultProcess: 'worker', previousImage: 'before', dockerHost: 'inherit', sbomOutputDir: 'sbom', reportOutputDir: '/r',
    execEnv: 'test', verbose: true, explain: true,
  })
  expect(planned).toMatchObject({
    limits: { memory: 1 << 30, cpus: 2, pids: 100 }, network: 'none', clearCache: true, creationTime: 86_400, defaultProcess: 'worker', previousImage: 'before',
    dockerHost: 'inherit', sbomOutputDir: join(builds.app, 'sbom'), reportOutputDir: '/r', execEnv: 'test', verbose: true, explain: true, leavesEngine: false,
    proxyEnv: ['HTTPS_PROXY=http://proxy', 'https_proxy=http://proxy'],
    volumes: [{ type: 'bind', source: '/data', target: '/data', readOnly: true }, { type: 'volume', source: 'vol', target: '/var/vol', readOnly: false }],
  })
  expect(planned.tags.map(familiarName)).toEqual(['other:1'])
  expect(Object.fromEntries(planned.env)).toEqual({ A: '1', FROM_HOST: 'host' })
})

test('adds nothing that the user did not choose', async () => {
  expect(await plan()).toMatchObject({ verbose: false, explain: false, clearCache: false, bindings: [], caCertificates: undefined })
})

test('adds the certificates of all files to the bindings of buildpacks and of the driver', async () => {
  await using certificate = await makeCertificate()
  const { ca, cert, caPath, certPath } = certificate
  const { bindings, caCertificates } = await plan({ caCerts: [caPath, certPath] })
  expect(bindings.map(({ files }) => [...files.values()].map(String))).toEqual([['ca-certificates', ca, cert]])
  expect(String(caCertificates)).toBe(`${ca}\n${cert}\n`)
})

test('applies environment, exclusions and version of project.toml', async () => {
  await describeProject('[_]\nschema-version = "0.2"\nversion = "1.2"\n[io.buildpacks]\nexclude = ["*.secret"]\n[[io.buildpacks.build.env]]\nname = "A"\nvalue = "project"\n')
  await writeFiles(builds.app, { 'key.secret': 'x' })
  const planned = await plan({ env: ['B=flag'] })
  expect(Object.fromEntries(planned.env)).toEqual({ A: 'project', B: 'flag' })
  expect((await plan({ env: ['A=flag'] })).env.get('A')).toBe('flag')
  expect(planned.projectMetadata).toContain('1.2')
  const names: string[] = []
  for await (const { name } of planned.appEntries({})) names.push(name.toString())
  expect(names).toContain('workspace/server.js')
  expect(names.filter((name) => name.includes('secret'))).toEqual([])
})

test('warns of --creation-time if the builder does not support it', async () => {
  await loadFakeBuilder(builds.engine, { platformApis: ['0.8'] })
  await plan()
  expect(warnings()).toEqual([])
  await plan({ creationTime: '0' })
  expect(warnings()).toHaveLength(1)
  await loadFakeBuilder(builds.engine, { platformApis: ['0.9'] })
  await plan({ creationTime: '0' })
  expect(warnings()).toHaveLength(1)
})

test.each<[string, Partial<PlatformBuildOptions>, string]>([
  ['a name with a digest', { image: `a@sha256:${'0'.repeat(64)}` }, 'CNB_REFERENCE_INVALID'],
  ['an invalid tag', { tags: ['A B'] }, 'CNB_REFERENCE_INVALID'],
  ['an invalid platform', { platform: 'linux' }, 'CNB_USAGE'],
  ['an invalid time', { creationTime: 'yesterday' }, 'CNB_USAGE'],
  ['an invalid size', { memory: 'lots' }, 'CNB_USAGE'],
  ['an invalid number of cores', { cpus: '0' }, 'CNB_USAGE'],
  ['an invalid mount', { volumes: ['/data:/layers'] }, 'CNB_USAGE'],
  ['an invalid cache', { cache: ['type=build'] }, 'CNB_USAGE'],
  ['two caches', { cache: ['type=build;format=volume;name=mine'], cacheImage: 'reg.example/cache' }, 'CNB_USAGE'],
  ['a missing app', { path: 'nowhere' }, 'CNB_APP_INVALID'],
  ['a missing descriptor', { descriptor: 'nowhere.toml' }, 'CNB_DESCRIPTOR_INVALID'],
  ['a missing env file', { envFiles: ['nowhere'] }, 'CNB_USAGE'],
  ['a missing certificate', { caCerts: ['nowhere'] }, 'CNB_USAGE'],
  ['an invalid execution environment', { execEnv: 'a b' }, 'CNB_USAGE'],
  ['a missing buildpack', { buildpacks: ['./nowhere'] }, 'CNB_BUILDPACK_NOT_FOUND'],
])('refuses %s', async (_, options, code) => {
  await expect(plan(options)).rejects.toMatchObject({ code })
})

test('shares the volumes of a cache key between images, but not the record of their inputs', async () => {
  const [first, second, other] = await Promise.all([plan({ image: 'a', cacheKey: 'web' }), plan({ image: 'b:1', cacheKey: 'web' }), plan({ image: 'a' })])
  const { inputs, ...shared } = first.cacheVolumes
  expect(second.cacheVolumes).toMatchObject(shared)
  expect(second.cacheVolumes.inputs).not.toBe(inputs)
  expect(other.cacheVolumes.inputs).toBe(inputs)
  expect(Object.values(shared)).not.toContain(other.cacheVolumes.layers)
})

test('has labels of the git repository only with an option or a setting, and those of --label first', async () => {
  const git = (...words: string[]): string => execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-C', builds.app, ...words]).toString().trim()
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '--allow-empty', '--message', 'first')
  const commit = git('rev-parse', 'HEAD')
  expect((await plan()).labels).toEqual(new Map())
  const labelled = await plan({ gitLabels: true, labels: ['org.opencontainers.image.version=2'] })
  expect(labelled.labels).toEqual(new Map([['org.opencontainers.image.revision', commit], ['org.opencontainers.image.version', '2']]))
  expect(labelled.projectMetadata).toContain(commit)
  await configure('git-labels = true\n')
  expect((await plan()).labels).toEqual(new Map([['org.opencontainers.image.revision', commit]]))
  await expect(plan({ gitLabels: true, lifecycle: 'stock' })).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED' })
})
