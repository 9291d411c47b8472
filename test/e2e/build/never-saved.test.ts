/** No command uses `docker save`, which reads a whole image with its base. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stringifyToml } from '../../../src/formats/toml.ts'
import { succeed } from '../../support/cnb.ts'
import { docker, imageId } from '../../support/engines/docker.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, appFiles, builderToml, buildpackFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench, writeFiles } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const NEVER = ['--pull-policy', 'never']
/** Images of this file's commands only: the test looks for their IDs. */
const [oldBase, newBase, buildBase, app] = [bench.image(), bench.image(), bench.image(), bench.image()]
let source = ''

async function ownImage(name: string, from: string): Promise<void> {
  const container = await docker('create', '--user', 'root', '--entrypoint', 'bash', from, '-c', `echo ${name} >/etc/base`)
  const { Config } = (JSON.parse(await docker('image', 'inspect', from)) as [{ Config: { User: string } }])[0]
  await docker('start', '--attach', container)
  await docker('commit', '--change', `USER ${Config.User}`, '--change', 'ENTRYPOINT []', container, name)
  await docker('rm', container)
}

beforeAll(async () => {
  await ownImage(oldBase, SAMPLE_RUN_IMAGE)
  await ownImage(newBase, SAMPLE_RUN_IMAGE)
  await ownImage(buildBase, (((await builderToml([], []))['build'] as { image: string }).image))
  source = await bench.directory(appFiles(`mkdir -p "$CNB_LAYERS_DIR/dep"; echo 1 >"$CNB_LAYERS_DIR/dep/file"; printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"; ${processes({ web: 'true' })}`))
})

/** Runs cnb. Returns the images that were saved meanwhile; `known` are those that exist only before it. */
async function savedBy(args: readonly string[], images: readonly string[]): Promise<string[]> {
  const known = await Promise.all(images.map((image) => imageId(image).catch(() => '')))
  const since = Math.floor(Date.now() / 1000)
  await succeed(args)
  const until = Math.ceil(Date.now() / 1000) + 1
  const saved = await docker('events', '--since', `${since}`, '--until', `${until}`, '--filter', 'type=image', '--filter', 'event=save', '--format', '{{.Actor.ID}}')
  const ids = new Set([...known, ...(await Promise.all(images.map((image) => imageId(image).catch(() => ''))))])
  return saved.split('\n').filter((id) => id !== '' && ids.has(id))
}

const build = (runImage: string): string[] => ['build', app, '--path', source, '--builder', BUILDER, ...NEVER, '--run-image', runImage]

it("detects a saved image by the engine's events", async () => {
  const since = Math.floor(Date.now() / 1000)
  await docker('save', '--output', join(bench.path, 'saved.tar'), oldBase)
  const until = Math.ceil(Date.now() / 1000) + 1
  expect(await docker('events', '--since', `${since}`, '--until', `${until}`, '--filter', 'event=save', '--format', '{{.Actor.ID}}')).toContain(await imageId(oldBase))
})

it('never saves an image in a build, a rebuild with a changed line, a rebase, or a build after that', async () => {
  const images = [app, oldBase, newBase, BUILDER]
  expect(await savedBy(build(oldBase), images)).toEqual([])
  await writeFile(join(source, 'more'), 'changed\n')
  expect(await savedBy(build(oldBase), images)).toEqual([])
  expect(await savedBy(['rebase', app, ...NEVER, '--run-image', newBase, '--force'], images)).toEqual([])
  await writeFile(join(source, 'more'), 'again\n')
  expect(await savedBy(build(newBase), images)).toEqual([])
})

it('never saves an image when it creates a builder, or creates it again with a changed buildpack', async () => {
  const builder = bench.image()
  const directory = await bench.directory({})
  const toml = await builderToml([{ id: 'test/one', path: 'one' }], [['test/one']])
  await writeFiles(directory, { 'builder.toml': stringifyToml({ ...toml, build: { image: buildBase } }) })
  for (const said of ['one', 'two']) {
    await writeFiles(join(directory, 'one'), buildpackFiles('test/one', { build: `echo ${said}` }))
    expect(await savedBy(['builder', 'create', builder, '--config', join(directory, 'builder.toml'), ...NEVER], [builder, buildBase])).toEqual([])
  }
})
