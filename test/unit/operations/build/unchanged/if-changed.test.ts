/** Builds with --if-changed, on the fake engine and an in-memory registry. */

import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Context } from '../../../../../src/base/events.ts'
import { openEngineImages } from '../../../../../src/images/engine/engine-source.ts'
import { readInput } from '../../../../../src/operations/build/build-input.ts'
import type { BuildOptions } from '../../../../../src/operations/build/build-options.ts'
import type { BuildResult } from '../../../../../src/operations/build/build-result.ts'
import { planBuild } from '../../../../../src/operations/build/build-plan.ts'
import { UnchangedCheck } from '../../../../../src/operations/build/unchanged/unchanged-check.ts'
import { decisionsOf } from '../../../../support/decisions.ts'
import { BUILDER, type FakeBuilds, loadFakeBuilder, openFakeBuilds, RUN_IMAGE } from '../../../../support/fakes/fake-builds.ts'
import { loadFakeImage } from '../../../../support/fakes/fake-image.ts'
import { MemoryRegistry } from '../../../../support/fakes/memory-registry.ts'
import { buildpackFiles } from '../../../../support/script-builder.ts'
import { writeFiles } from '../../../../support/workbench.ts'
import { localSources } from '../../../buildpacks/read-path.ts'

let builds: FakeBuilds

beforeEach(async () => {
  builds = await openFakeBuilds()
})

const build = (options: Partial<BuildOptions> = {}): Promise<BuildResult> => builds.build({ ifChanged: true, ...options })
/** The reason of the last build. */
const reason = (): string | undefined => decisionsOf(builds.events).findLast((line) => line.startsWith('build my-app'))
const recordVolume = async () => (await builds.engine.volumes.list('dev.cnb.inputs'))[0]!

async function expectUnchanged(options: Partial<BuildOptions> = {}): Promise<BuildResult> {
  builds.engine.created.length = 0
  const result = await build(options)
  expect(reason()).toBe('build my-app:latest: not needed: its inputs are those that made the image')
  expect(result.unchanged).toBe(true)
  expect(builds.engine.created).toEqual([])
  return result
}

async function expectBuild(options: Partial<BuildOptions>, why: string): Promise<void> {
  expect((await build(options)).unchanged).toBeUndefined()
  expect(reason()).toBe(`build my-app:latest: needed: ${why}`)
}

describe('a build with --if-changed', () => {
  test('returns the existing image if nothing changed, without a container', async () => {
    const first = await build()
    expect(reason()).toBe('build my-app:latest: needed: my-app:latest does not exist')
    const { durationMs: _, phases: __, reason: ___, ...same } = first
    expect(await expectUnchanged()).toMatchObject({ ...same, phases: [] })
  })

  test('names the missing record of an image from a build without it', async () => {
    await builds.build()
    await expectBuild({}, 'no build with --if-changed recorded the inputs of the existing image')
  })

  test.each<[string, Partial<BuildOptions>]>([
    ['environment', { env: ['SECRET=other'] }],
    ['execution environment', { execEnv: 'test' }],
    ['creation time', { creationTime: '5' }],
    ['default process', { defaultProcess: 'web' }],
    ['network', { network: 'none' }],
    ['build user', { uid: 1234 }],
    ['workspace', { workspace: 'elsewhere' }],
    ['resource limits', { memory: '1g' }],
    ['buildpacks', { disableSystemBuildpacks: true }],
  ])('names the %s that changed', async (name, options) => {
    await build()
    await expectBuild(options, `changed since the existing image: ${name}`)
    await expectUnchanged(options)
  })

  test('names a changed builder and a changed run image', async () => {
    await build()
    await loadFakeBuilder(builds.engine, { description: 'a newer one' })
    await expectBuild({}, 'changed since the existing image: builder')
    await loadFakeImage(builds.engine, RUN_IMAGE, { Env: ['PATH=/usr/bin', 'NEW=1'] }, { 'etc/run': 'newer' })
    await expectBuild({}, 'changed since the existing image: run image')
  })

  test('names an added buildpack of which a file changed', async () => {
    const directory = join(builds.host.home, 'added')
    await mkdir(directory)
    await writeFiles(directory, buildpackFiles('test/added', {}))
    const options = { preBuildpacks: [directory] }
    await build(options)
    await expectUnchanged(options)
    await writeFiles(directory, { 'bin/more': 'x' })
    await expectBuild(options, 'changed since the existing image: buildpacks')
  })

  test('names a changed project descriptor', async () => {
    await writeFiles(builds.host.home, { 'project.toml': '[_]\nschema-version = "0.2"\nversion = "1"\n' })
    const options = { descriptor: join(builds.host.home, 'project.toml') }
    await build(options)
    await expectUnchanged(options)
    await writeFiles(builds.host.home, { 'project.toml': '[_]\nschema-version = "0.2"\nversion = "2"\n' })
    await expectBuild(options, 'changed since the existing image: project descriptor')
  })

  test.each<[string, (app: string) => Promise<unknown>]>([
    ['a changed file', (app) => writeFile(join(app, 'server.js'), 'other()')],
    ['an added file', (app) => writeFile(join(app, 'more.js'), '')],
    ['a removed file', (app) => rm(join(app, 'server.js'))],
  ])('builds after %s', async (_, change) => {
    await build()
    await change(builds.app)
    await expectBuild({}, 'changed since the existing image: app files')
    await expectUnchanged()
  })

  test('does not build for another time of a file, as after a checkout', async () => {
    await build()
    await utimes(join(builds.app, 'server.js'), 1000, 1000)
    await expectUnchanged()
  })

  test('builds if another image has the name, and if one of the names has no image', async () => {
    await build()
    await loadFakeImage(builds.engine, 'my-app', { Env: [] }, { 'etc/other': 'x' })
    await expectBuild({}, 'my-app:latest is not the image of the last build with --if-changed')
    await expectBuild({ tags: ['my-app:2'] }, 'my-app:2 does not exist')
    await expectUnchanged({ tags: ['my-app:2'] })
    await builds.engine.images.tag(RUN_IMAGE, 'my-app:2')
    await expectBuild({ tags: ['my-app:2'] }, 'my-app:2 is not the image of the last build with --if-changed')
  })

  test.each<[Partial<BuildOptions>, string]>([
    [{ clearCache: true }, '--clear-cache requires a build'],
    [{ previousImage: 'my-app' }, '--previous-image names an image that can change'],
    [{ volumes: ['some-volume:/data'] }, 'the files of --volume are not compared'],
  ])('always builds with %o', async (options, why) => {
    await build(options)
    await expectBuild(options, why)
  })

  test.each<Partial<BuildOptions>>([{ sbomOutputDir: 'out' }, { reportOutputDir: 'out' }])('refuses %o', async (options) => {
    await expect(build(options)).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED' })
  })

  test('is the default with if-changed in the configuration file, except for builds that cannot be compared', async () => {
    await writeFiles(builds.host.home, { '.cnb/config.toml': 'if-changed = true\n' })
    await builds.build()
    expect((await builds.build()).unchanged).toBe(true)
    expect((await builds.build({ reportOutputDir: join(builds.host.home, 'out') })).unchanged).toBeUndefined()
  })
})

describe('the record', () => {
  test('has no secret, and equal values have other digests with another key', async () => {
    await build({ env: ['SECRET=hunter2'] })
    const { labels } = await recordVolume()
    expect(JSON.stringify(labels)).not.toContain('hunter2')
    Object.assign(builds.host.env, { PACK_VOLUME_KEY: 'another' })
    await build({ env: ['SECRET=hunter2'] })
    const digests = (await builds.engine.volumes.list('dev.cnb.inputs')).map((volume) => (JSON.parse(volume.labels['dev.cnb.inputs']!.slice(65)) as { inputs: { environment: string } }).inputs.environment)
    expect(new Set(digests).size).toBe(2)
  })

  test.each<[string, (text: string) => string]>([
    ['changed', (text) => text.replace('"app files":"', '"app files":"0')],
    ['cut off', (text) => text.slice(0, -10)],
    ['huge', (text) => text + ' '.repeat(100_000)],
    ['empty', () => ''],
  ])('is ignored if it is %s', async (_, change) => {
    await build()
    const { name, labels } = await recordVolume()
    await builds.engine.volumes.remove(name)
    await builds.engine.volumes.create(name, { ...labels, 'dev.cnb.inputs': change(labels['dev.cnb.inputs']!) })
    await expectBuild({}, 'the record of its inputs is damaged, or made with another volume key')
    await expectUnchanged()
  })

  test('is not written if a file changes during the build, even if its content is the same again', async () => {
    builds.work = async (made) => {
      made.layer('dist', { launch: true, files: { 'bin/node': 'node' } })
      await writeFile(join(builds.app, 'server.js'), 'other()')
      await writeFile(join(builds.app, 'server.js'), 'serve()')
    }
    await build()
    expect(builds.takeLines()).toContain('the next build with --if-changed builds: the app changed during this one')
    await expectBuild({}, 'no build with --if-changed recorded the inputs of the existing image')
  })

  test('is not written for a run image that an extension chose', async () => {
    const context: Context = { events: (event) => builds.events.push(event) }
    const input = await readInput({ image: 'my-app', builder: BUILDER, pullPolicy: 'never' }, builds.host, context)
    const plan = await planBuild(input, builds, { sources: localSources }, context)
    await using images = openEngineImages(builds.engine, builds.owner)
    const check = new UnchangedCheck(input, { ...builds, images, publishing: undefined }, context)
    expect(await check.find([plan], context)).toMatchObject({ isFound: false })
    const result = (runImage: string) => ({ phases: [], runImage, image: { id: 'x', repoDigests: [], config: {} } })
    await check.record([{ plan, result: result('another') }], undefined, context)
    expect(builds.takeLines()).toContain("the next build with --if-changed builds: an image extension chose the run image 'another'")
    expect(await recordVolume()).toBeUndefined()
    await check.record([{ plan, result: result(plan.runImage.name) }], undefined, context)
    expect(await recordVolume()).toBeDefined()
  })

  test('is of an image that no longer exists after a build without --if-changed', async () => {
    await build()
    await builds.build({ env: ['A=1'], creationTime: '7' })
    await expectBuild({}, 'my-app:latest is not the image of the last build with --if-changed')
  })

  test('causes only a warning if it cannot be written', async () => {
    builds.engine.volumes.create = async (name) => {
      if (name.endsWith('.inputs')) throw await build({ uid: 0 }).catch((error: unknown) => error)
      return true
    }
    await build()
    expect(builds.takeLines().find((line) => line.startsWith('the image is built, but the next build with --if-changed builds it again'))).toBeDefined()
  })
})

describe('all places', () => {
  test('must have the image of the record, or a build runs', async () => {
    await using registry = await new MemoryRegistry().start()
    const image = `${registry.address}/team/app:1`
    const directory = join(builds.host.home, 'layout')
    const options = { image, to: ['engine', 'registry', `oci:${directory}`, `layout-repo:${directory}s`], tags: [`${registry.address}/team/app:2`] }
    const last = () => decisionsOf(builds.events).findLast((line) => line.startsWith('build '))
    const { durationMs: _, phases: __, reason: ___, ...same } = await build(options)
    expect(await build(options)).toMatchObject({ ...same, unchanged: true })
    await rm(directory, { recursive: true })
    expect((await build(options)).unchanged).toBeUndefined()
    expect(last()).toContain(`${image} (oci:${directory}) does not exist`)
    registry.repository('team/app').tags.delete('2')
    expect((await build(options)).unchanged).toBeUndefined()
    expect(last()).toContain(`${registry.address}/team/app:2 (registry) does not exist`)
    for (const to of [['registry'], [`oci:${directory}`], [`layout-repo:${directory}s`]]) {
      const { id, reference } = await build({ ...options, to })
      expect(await build({ ...options, to })).toMatchObject({ unchanged: true, id, reference })
    }
  })
})


describe('the record of a cache that the user chose', () => {
  test('is in the directory, for another engine with the same images', async () => {
    const directory = join(builds.host.home, 'cache')
    const cache = [`type=build;format=bind;source=${directory}`]
    await build({ cache })
    await expectUnchanged({ cache })
    expect(await builds.engine.volumes.list('dev.cnb.inputs')).toEqual([])
    for (const damaged of ['damaged', 'x'.repeat(100_000)]) {
      await writeFile(join(directory, 'build-cache', 'cnb-inputs'), damaged)
      await expectBuild({ cache }, 'the record of its inputs is damaged, or made with another volume key')
      await expectUnchanged({ cache })
    }
  })

  test('is in the cache image, for an engine without volumes, and only a build with --if-changed keeps it', async () => {
    await using registry = await new MemoryRegistry().start()
    const options = { image: `${registry.address}/team/app:1`, publish: true, cacheImage: `${registry.address}/team/cache:1` }
    const { reference } = await build(options)
    for (const { name } of await builds.engine.volumes.list('dev.cnb.cache')) await builds.engine.volumes.remove(name)
    expect(await build(options)).toMatchObject({ unchanged: true, reference })
    await builds.build(options)
    expect((await build(options)).unchanged).toBeUndefined()
    expect((await build(options)).unchanged).toBe(true)
  })
})
