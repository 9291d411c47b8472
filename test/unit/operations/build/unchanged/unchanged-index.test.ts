/** Builds for several platforms with --if-changed, on the fake engine and an in-memory registry. */

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readIndex } from '../../../../../src/oci/manifest.ts'
import { openRegistryImages } from '../../../../../src/images/remote/registry-source.ts'
import type { BuildOptions } from '../../../../../src/operations/build/build-options.ts'
import type { BuildResult } from '../../../../../src/operations/build/build-result.ts'
import { decisionsOf } from '../../../../support/decisions.ts'
import { AMD64, type FakePlatforms, openFakePlatforms } from '../../../../support/fakes/fake-platforms.ts'
import { pushIndex } from '../../../../support/images/push-image.ts'

let fake: FakePlatforms

beforeEach(async () => {
  fake = await openFakePlatforms()
})

afterEach(() => fake[Symbol.asyncDispose]())

const build = (options: Partial<BuildOptions> = {}): Promise<BuildResult> => fake.build({ ifChanged: true, ...options })
const reason = (): string | undefined => decisionsOf(fake.builds.events).findLast((line) => line.startsWith('build '))?.replace(/^.*?app:1: /, '')

async function expectUnchanged(options: Partial<BuildOptions> = {}): Promise<BuildResult> {
  fake.builds.engine.created.length = 0
  const result = await build(options)
  expect(reason()).toBe('not needed: its inputs are those that made the image')
  expect(result.unchanged).toBe(true)
  expect(fake.builds.engine.created).toEqual([])
  return result
}

async function expectBuild(options: Partial<BuildOptions>, why: string): Promise<void> {
  expect((await build(options)).unchanged).toBeUndefined()
  expect(reason()).toBe(`needed: ${why}`)
}

const withoutTimes = ({ durationMs: _, phases: __, images = [], ...same }: BuildResult) => ({
  ...same,
  images: images.map(({ durationMs: ___, phases: ____, ...image }) => image),
})

test.each<[string, (directory: string) => string[]]>([
  ['a registry', () => ['registry']],
  ['a layout', (directory) => [`oci:${directory}`]],
  ['a named layout', (directory) => [`oci:${directory}:name`]],
  ['layouts by name', (directory) => [`layout-repo:${directory}`]],
  ['several places', (directory) => [`oci:${directory}`, 'registry', `layout-repo:${directory}s`]],
])('returns the existing index in %s if nothing changed, without a container', async (_, to) => {
  const options = { to: to(join(fake.builds.host.home, 'layout')), tags: [`${fake.registry.address}/other:2`] }
  const first = await build(options)
  expect(reason()).toMatch(/^needed: .*team\/app:1.* does not exist$/)
  const again = await expectUnchanged(options)
  expect(withoutTimes(again)).toEqual({ ...withoutTimes(first), unchanged: true, reason: 'its inputs are those that made the image' })
  expect(again.phases).toEqual([])
})

test('names an input that changed for one platform', async () => {
  await build()
  await fake.pushRunImage('newer')
  await expectBuild({}, 'changed since the existing image: run image (linux/arm64)')
  await expectUnchanged()
})

test('names an input that changed for all platforms', async () => {
  await build()
  await writeFile(join(fake.builds.app, 'server.js'), 'other()')
  await expectBuild({}, 'changed since the existing image: app files')
  await expectUnchanged()
})

test.each<[string, string[]]>([
  ['fewer', ['linux/amd64']],
  ['other', ['linux/arm64', 'linux/amd64']],
])('builds for %s platforms', async (_, platforms) => {
  await build()
  await expectBuild({ platforms }, 'changed since the existing image: platforms')
  await expectUnchanged({ platforms })
  expect((await build()).unchanged).toBeUndefined()
})

test('builds if a name has no index, or another index of the same images', async () => {
  const { registry, client, image } = fake
  const options = { tags: [`${registry.address}/other:2`] }
  await build(options)
  registry.repository('other').tags.delete('2')
  await expectBuild(options, `${registry.address}/other:2 does not exist`)
  await expectUnchanged()
  const [tag, found] = [fake.tagged(), await openRegistryImages(client.registries, AMD64).find(image)]
  await pushIndex(client.registries, image, readIndex(found!.index!.content, image).toReversed())
  expect(fake.tagged()).not.toBe(tag)
  await expectBuild({}, `${image} is not the image of the last build with --if-changed`)
  expect(fake.tagged()).toBe(tag)
})

test('records no platform if the build of one fails', async () => {
  const options = { to: [`oci:${join(fake.builds.host.home, 'layout')}`] }
  await build(options)
  let runs = 0
  fake.builds.work = () => (++runs > 1 ? 1 : 0)
  await writeFile(join(fake.builds.app, 'server.js'), 'other()')
  await expect(build(options)).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
  fake.builds.work = () => 0
  await expectBuild(options, 'changed since the existing image: app files')
})

test('records no platform if the app changes during a build', async () => {
  let runs = 0
  fake.builds.work = async () => void (++runs === 1 && (await writeFile(join(fake.builds.app, 'server.js'), 'other()')))
  await build()
  expect(fake.builds.takeLines()).toContain('the next build with --if-changed builds: the app changed during this one')
  await expectBuild({}, 'no build with --if-changed recorded the inputs of the existing image')
})

test('finds the records with the cache images, for an engine without volumes', async () => {
  const options = { cacheImage: `${fake.registry.address}/team/cache:1` }
  await build(options)
  for (const { name } of await fake.builds.engine.volumes.list('dev.cnb.cache')) await fake.builds.engine.volumes.remove(name)
  await expectUnchanged(options)
})

test('finds the records in the directories of the cache, for an engine without volumes', async () => {
  const directory = join(fake.builds.host.home, 'cache')
  const options = { cache: [`type=build;format=bind;source=${directory}`] }
  await build(options)
  await expectUnchanged(options)
  expect(await fake.builds.engine.volumes.list('dev.cnb.inputs')).toEqual([])
  await rm(join(directory, 'build-cache.linux-arm64'), { recursive: true })
  await expectBuild(options, 'no build with --if-changed recorded the inputs of the existing image (linux/arm64)')
})
