import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { BuildResult } from '../../src/operations/build.ts'
import type { ImageInspection } from '../../src/operations/inspect.ts'
import { runCnb, succeedJson } from '../support/cnb.ts'
import { docker } from '../support/docker.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, appFiles, processes } from '../support/script-builder.ts'
import { makeWorkbench } from '../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

it('a build takes builder, pull policy and mirrors of run images from it, and the image does not tell of the mirror', async () => {
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

it('that is malformed is told of with its place', async () => {
  const CNB_HOME = await bench.directory({ 'config.toml': '\npull-policy = "sometimes"' })
  const { code, stderr } = await runCnb(['build', bench.image(), '--path', await bench.directory({})], { env: { CNB_HOME } })
  expect(code).toBe(2)
  expect(stderr).toContain(`${join(CNB_HOME, 'config.toml')}:2:1`)
  expect(stderr).toContain('CNB_DESCRIPTOR_INVALID')
})
