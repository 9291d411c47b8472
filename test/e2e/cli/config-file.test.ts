import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import type { ImageInspection } from '../../../src/operations/inspect/inspect.ts'
import { runCnb, succeedJson } from '../../support/cnb.ts'
import type { RebaseResult } from '../../../src/operations/rebase/rebase-result.ts'
import { docker } from '../../support/engines/docker.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

it('sets builder, pull policy and mirrors of run images for a build; the image does not contain the mirror', async () => {
  const [image, mirror] = [bench.image(), bench.image()]
  await docker('tag', SAMPLE_RUN_IMAGE, mirror)
  const text = `default-builder-image = "${BUILDER}"
    pull-policy = "never"
    [[run-images]]
    image = "${SAMPLE_RUN_IMAGE}"
    mirrors = ["${mirror}"]`
  const env = { CNB_HOME: await bench.directory({ 'config.toml': text }) }
  const app = await bench.directory(appFiles(processes({ web: 'echo web' })))
  const built = await succeedJson<BuildResult>(['build', image, '--path', app], { env })
  expect(built.builder).toContain(BUILDER)
  expect(built.runImage).toContain(mirror)
  const { runImages } = await succeedJson<ImageInspection>(['inspect', image], { env })
  expect(runImages.map(({ name }) => name).join()).toContain(SAMPLE_RUN_IMAGE)
  expect(runImages.map(({ name }) => name).join()).not.toContain(mirror)
})

it('pulls builder and run image from the mirror of their registry under their own names, also for a rebase', async () => {
  await using mirror = await startRegistry()
  const path = bench.image()
  const [builder, runImage] = ['builder', 'run'].map((name) => `nowhere.invalid/${path}/${name}:1`) as [string, string]
  for (const [source, name] of [[BUILDER, 'builder'], [SAMPLE_RUN_IMAGE, 'run']] as const) {
    const copy = `${mirror.address}/${path}/${name}:1`
    await docker('tag', source, copy)
    await docker('push', '--quiet', copy)
    await docker('rmi', copy)
  }
  const env = { CNB_HOME: await bench.directory({ 'config.toml': `[registry-mirrors]\n"nowhere.invalid" = "${mirror.address}"` }) }
  const app = await bench.directory(appFiles(processes({ web: 'echo web' })))
  const image = bench.image()
  try {
    const built = await succeedJson<BuildResult>(['build', image, '--path', app, '--builder', builder, '--run-image', runImage], { env })
    expect(built).toMatchObject({ builder, runImage })
    await docker('rmi', runImage)
    const mirrored = ['--registry-mirror', `nowhere.invalid=${mirror.address}`]
    expect(await succeedJson<RebaseResult>(['rebase', image, ...mirrored], {})).toMatchObject({ runImage, previousRunImage: runImage, changed: false })
    expect(await docker('images', '--quiet', `${mirror.address}/*/*`)).toBe('')
    const refused = await runCnb(['rebase', image, '--run-image', `${runImage}.2`, '--force', ...mirrored], {})
    expect(refused.stderr).toContain(`${mirror.address}/${path}/run:1.2`)
  } finally {
    await docker('rmi', '--force', builder, runImage)
  }
})

it('reports a syntax error with its position', async () => {
  const CNB_HOME = await bench.directory({ 'config.toml': '\npull-policy = "sometimes"' })
  const { code, stderr } = await runCnb(['build', bench.image(), '--path', await bench.directory({})], { env: { CNB_HOME } })
  expect(code).toBe(2)
  expect(stderr).toContain(`${join(CNB_HOME, 'config.toml')}:2:1`)
  expect(stderr).toContain('CNB_DESCRIPTOR_INVALID')
})
