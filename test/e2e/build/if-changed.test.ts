/** `cnb build --if-changed`: the existing image, or a build and its reason. */

import { cp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import { startCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { docker, imageId, runImage } from '../../support/engines/docker.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

let app: string
beforeAll(async () => void (app = await bench.directory(appFiles(processes({ web: 'cat /workspace/words' }), { words: 'one\n', Unused: '' }))))

const build = (image: string, ...options: string[]): Promise<BuildResult> =>
  succeedJson<BuildResult>(['build', image, '--path', app, ...USING_BUILDER, '--if-changed', ...options])

it('returns the image of the last build, and names the input that changed', async () => {
  const image = bench.image()
  const first = await build(image)
  expect(first.unchanged).toBeUndefined()
  expect(await build(image)).toMatchObject({ unchanged: true, reason: 'its inputs are those that made the image', id: first.id, reference: first.reference, buildpacks: first.buildpacks, processes: first.processes })
  await writeFile(join(app, 'words'), 'two\n')
  const { stderr } = await succeed(['build', image, '--path', app, ...USING_BUILDER, '--if-changed', '--explain'])
  expect(stderr).toContain('changed since the existing image: app files')
  expect(await runImage(image)).toContain('two')
  expect((await build(image)).unchanged).toBe(true)
  // A copy has other inodes and times, but the same content.
  await cp(app, `${app}-copy`, { recursive: true, preserveTimestamps: true })
  await rm(app, { recursive: true })
  await rename(`${app}-copy`, app)
  expect((await build(image)).unchanged).toBe(true)
})

it('builds if another image has one of the names', async () => {
  const [image, other] = [bench.image(), bench.image()]
  const { id } = await build(image, '--tag', other)
  expect((await build(image, '--tag', other)).unchanged).toBe(true)
  await docker('image', 'rm', other)
  expect((await build(image, '--tag', other)).unchanged).toBeUndefined()
  expect(await imageId(other)).toBe(id)
})

it('builds after a build that was killed', async () => {
  const image = bench.image()
  await build(image)
  await writeFile(join(app, 'words'), 'three\n')
  const running = startCnb(['build', image, '--path', app, ...USING_BUILDER, '--if-changed'])
  await running.line(/EXPORTING/)
  running.signal('SIGKILL')
  await running.finished.catch(() => {})
  expect((await build(image)).unchanged).toBeUndefined()
  expect(await runImage(image)).toContain('three')
})

it('compares published images and layouts too', async () => {
  await using registry = await startRegistry()
  const image = `${registry.address}/${bench.image()}`
  const to = ['--to', `registry,oci:${join(bench.path, 'layout')}`]
  const { reference } = await build(image, ...to)
  expect(await build(image, ...to)).toMatchObject({ unchanged: true, reference })
})

it('compares the images of an index', async () => {
  await using registry = await startRegistry()
  const image = `${registry.address}/${bench.image()}`
  // Engines run programs of these variants without emulation.
  const platforms = process.arch === 'arm64' ? 'linux/arm64,linux/arm64/v8' : 'linux/amd64,linux/amd64/v1'
  const options = ['--platform', platforms, '--to', `registry,oci:${join(bench.path, 'index')}`]
  const { reference, images } = await build(image, ...options)
  expect(await build(image, ...options)).toMatchObject({ unchanged: true, reference, images: images?.map(({ id }) => ({ id })) })
  await writeFile(join(app, 'words'), 'four\n')
  const changed = await build(image, ...options)
  expect(changed.unchanged).toBeUndefined()
  expect(changed.reference).not.toBe(reference)
  expect(await build(image, ...options)).toMatchObject({ unchanged: true, reference: changed.reference })
})
