/** Builds for several platforms, on the fake engine and an in-memory registry. */

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRegistryImages } from '../../../../../src/images/remote/registry-source.ts'
import type { BuildOptions } from '../../../../../src/operations/build/build-options.ts'
import type { FakeBuilds } from '../../../../support/fakes/fake-builds.ts'
import { AMD64, ARM64, type FakePlatforms, openFakePlatforms } from '../../../../support/fakes/fake-platforms.ts'
import type { MemoryRegistry } from '../../../../support/fakes/memory-registry.ts'
import { find } from '../../../../support/images/layout-images.ts'
import type { TestClient } from '../../../../support/registry/registry-client.ts'

let fake: FakePlatforms
let builds: FakeBuilds
let registry: MemoryRegistry
let client: TestClient
let image: string

beforeEach(async () => {
  fake = await openFakePlatforms()
  ;({ builds, registry, client, image } = fake)
})

afterEach(() => fake[Symbol.asyncDispose]())

const build = (options?: Partial<BuildOptions>) => fake.build(options)
const tagged = (): string | undefined => fake.tagged()

test('publishes an index of one image for each platform', async () => {
  const result = await build({ tags: [`${registry.address}/other:2`] })
  const { address } = registry
  expect(result).toMatchObject({ image, tags: [`${address}/other:2`], id: `${address}/team/app@${tagged()}`, reference: `${address}/team/app@${tagged()}`, places: ['registry'] })
  expect(result).not.toHaveProperty('platform')
  expect(result.images?.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64'])
  for (const [at, platform] of [AMD64, ARM64].entries()) {
    const found = await openRegistryImages(client.registries, platform).find(image)
    expect(found).toMatchObject({ id: result.images?.[at]?.id, platform, index: { descriptor: { digest: tagged() } } })
    expect(result.images?.[at]?.reference).toBe(`${address}/team/app@${found?.manifest.descriptor.digest}`)
  }
  expect(registry.repository('other').tags.get('2')).toBe(tagged())
  expect((await build()).reference).toBe(result.reference)
})

test('saves the same index to a layout, with reports in a directory for each platform', async () => {
  const [directory, reportOutputDir] = ['layout', 'reports'].map((name) => join(builds.host.home, name)) as [string, string]
  const { id, reference } = await build({ to: ['registry', `oci:${directory}`], reportOutputDir })
  expect(reference).toBe(`${registry.address}/team/app@${tagged()}`)
  expect(id).toContain(tagged())
  for (const platform of [AMD64, ARM64]) {
    expect(await find(`oci:${directory}:1`, platform)).toMatchObject({ platform, index: { descriptor: { digest: tagged() } } })
    await access(join(reportOutputDir, `linux-${platform.architecture}`, 'report.toml'))
  }
})

test('keeps the layers of each platform in separate caches, the default ones for the platform of the engine', async () => {
  const found: (string | undefined)[] = []
  builds.work = (made) => {
    const id = made.read('test_node/dist/id')
    found.push(id)
    made.layer('dist', { launch: true, cache: true, files: { id: id ?? String(found.length) } })
  }
  await build()
  await build()
  expect(found).toEqual([undefined, undefined, '1', '2'])
  const { volumes } = await builds.leftOvers()
  expect(volumes.filter((name) => name.includes('.layers')).map((name) => name.replace(/.*\.layers/, ''))).toEqual(['', '.linux-arm64'])
})

test('does not reuse layers of an image for another platform', async () => {
  await build({ platforms: ['linux/amd64'] })
  builds.takeLines()
  await build({ platforms: ['linux/arm64'] })
  expect(builds.takeLines().join('\n')).not.toContain('Reusing layer')
})

test('replaces an index after the registry deleted its images, with a warning for each', async () => {
  const { reference } = await build()
  const { manifests } = registry.repository('team/app')
  for (const digest of manifests.keys()) if (digest !== tagged()) manifests.delete(digest)
  builds.takeLines()
  expect((await build()).reference).toBe(reference)
  expect(builds.takeLines().filter((line) => /cannot reuse layers of image .* does not exist/.test(line))).toHaveLength(2)
})

test('replaces images after the registry deleted their configurations, with a warning for each', async () => {
  const { reference } = await build()
  const { blobs } = registry.repository('team/app')
  for (const [digest, content] of blobs) if (content.includes('"rootfs"')) blobs.delete(digest)
  builds.takeLines()
  expect((await build()).reference).toBe(reference)
  expect(builds.takeLines().filter((line) => line.includes('cannot reuse layers of image'))).toHaveLength(2)
})

test('sets no name if the second build fails', async () => {
  let runs = 0
  builds.work = () => (++runs > 1 ? 1 : 0)
  await expect(build()).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
  expect(tagged()).toBeUndefined()
})

test('refuses to save several platforms to the engine, before any build', async () => {
  for (const to of [[], ['engine', 'registry']]) await expect(build({ to })).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining("'engine'") as string })
  expect(await builds.leftOvers()).toEqual({ containers: 0, volumes: [] })
})

test('reports missing emulation before any build, and removes its container', async () => {
  const { programs } = builds.engine
  const detector = programs.get('/cnb/lifecycle/detector')!
  programs.set('/cnb/lifecycle/detector', async (process) => {
    if (!process.args.includes('-version')) return detector(process)
    process.stderr?.write('exec /cnb/lifecycle/detector: exec format error\n')
    return 255
  })
  await expect(build()).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH', hint: expect.stringContaining('binfmt') as string })
  expect(await builds.leftOvers()).toEqual({ containers: 0, volumes: [] })
  expect(tagged()).toBeUndefined()
})
