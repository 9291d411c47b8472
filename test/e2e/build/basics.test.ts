/** Everyday work, once. On engines other than Docker these are the only end-to-end tests. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import type { RebaseResult } from '../../../src/operations/rebase/rebase-result.ts'
import { succeed, succeedJson } from '../../support/cnb.ts'
import { docker, imageId, inspectImage, runImage } from '../../support/engines/docker.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { SAMPLE_RUN_IMAGE, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const NEVER = ['--pull-policy', 'never'] as const
/** A launch layer that the first build makes, and a process that prints the layer, the app and the base. */
const SCRIPT = `if [ ! -f "$CNB_LAYERS_DIR/dep.toml" ]; then mkdir "$CNB_LAYERS_DIR/dep"; echo made once >"$CNB_LAYERS_DIR/dep/file"; fi
  printf '[types]\\nlaunch = true\\ncache = true\\n' >"$CNB_LAYERS_DIR/dep.toml"
  ${processes({ web: 'cat /workspace/words /layers/test_script/dep/file /etc/debian_version' })}`

const image = bench.image()
let app: string

beforeAll(async () => void (app = await bench.directory(appFiles(SCRIPT, { words: 'one\n' }))))

const build = (name: string, ...options: string[]): Promise<BuildResult> =>
  succeedJson<BuildResult>(['build', name, '--path', app, ...USING_BUILDER, ...options])

/** Checks that docker and cnb find the image by its reference. */
async function expectFound({ reference, id }: { reference: string; id: string }): Promise<void> {
  expect(await imageId(reference)).toBe(id)
  expect(await runImage(reference)).toContain('made once')
  expect(await succeedJson(['inspect', reference])).toMatchObject({ source: 'engine', id })
  expect((await succeed(['sbom', 'download', reference, '--output-dir', bench.path])).code).toBe(0)
}

it('prints a reference that docker and cnb accept, after a change and without one', async () => {
  const first = await build(image)
  await expectFound(first)
  expect(await build(image)).toMatchObject({ id: first.id, reference: first.reference })
  expect((await succeed(['build', image, '--path', app, ...USING_BUILDER, '--quiet'])).stdout).toBe(`${first.reference}\n`)
  await writeFile(join(app, 'words'), 'two\n')
  const second = await build(image)
  expect(second.reference).not.toBe(first.reference)
  await expectFound(second)
  expect(await build(image)).toMatchObject({ id: second.id, reference: second.reference })
})

it('sends no layer that the engine has in a rebuild', async () => {
  await build(image)
  await writeFile(join(app, 'words'), 'three\n')
  const { stderr } = await succeed(['build', image, '--path', app, ...USING_BUILDER, '--verbose'])
  expect(stderr).toContain("Reusing layer 'test/script:dep'")
  expect(stderr).not.toContain('sending all layers')
})

it('rebases the app to another base, with a reference that docker and cnb accept', async () => {
  const [base, moved] = [bench.image(), bench.image()]
  const makeBase = async (version: string): Promise<string> =>
    docker('build', '--tag', base, await bench.directory({ Dockerfile: `FROM ${SAMPLE_RUN_IMAGE}\nCOPY version /etc/debian_version\n`, version }))
  await makeBase('first')
  await build(moved, '--run-image', base)
  await makeBase('moved')
  const result = await succeedJson<RebaseResult>(['rebase', moved, ...NEVER])
  expect(result).toMatchObject({ changed: true })
  await expectFound(result)
  expect(await runImage(moved)).toContain('moved')
  expect(await succeedJson<RebaseResult>(['rebase', moved, ...NEVER])).toMatchObject({ changed: false, reference: result.reference })
})

it('publishes a complete image, which its digest identifies', async () => {
  await using registry = await startRegistry()
  const name = `${registry.address}/${bench.image()}`
  const { reference } = await build(name, '--publish')
  expect(reference).toMatch(new RegExp(`^${name}@sha256:[0-9a-f]{64}$`))
  expect(await succeedJson(['inspect', reference, '--remote'])).toMatchObject({ source: 'registry', processes: [{ type: 'web' }] })
  expect(await build(name, '--publish')).toMatchObject({ reference })
  const { Config, RootFS } = await inspectImage((await build(name)).reference)
  expect(Config.User).toBe('1002:1000')
  expect(RootFS.Layers.length).toBeGreaterThan(5)
})
