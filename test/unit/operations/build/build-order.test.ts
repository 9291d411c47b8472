import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { CnbError } from '../../../../src/base/errors.ts'
import { chooseBuildpacks } from '../../../../src/operations/build/build-order.ts'
import type { ProjectDescriptor } from '../../../../src/project/project-descriptor.ts'
import { aBuilder } from '../../../support/plans.ts'

const builder = aBuilder({
  buildpacks: [
    { id: 'cnb/one', version: '1.0' },
    { id: 'cnb/two', version: '1.0' },
    { id: 'cnb/two', version: '2.0' },
  ],
  order: [{ group: [{ id: 'cnb/one' }] }, { group: [{ id: 'cnb/two', version: '1.0', optional: true }] }],
})

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cnb-order-'))
  await mkdir(join(directory, 'mine', 'bin'), { recursive: true })
  await writeFile(join(directory, 'mine', 'buildpack.toml'), 'api = "0.11"\n[buildpack]\nid = "my/own"\nversion = "0.1"\n[[targets]]\nos = "linux"\n')
  for (const name of ['detect', 'build']) await writeFile(join(directory, 'mine', 'bin', name), '#!/bin/sh\n', { mode: 0o755 })
})

const descriptor = (changes: Partial<ProjectDescriptor>): ProjectDescriptor => ({ group: [], pre: [], post: [], env: [], warnings: [], ...changes })

const choose = (flags: string[], project?: Partial<ProjectDescriptor>) =>
  chooseBuildpacks(flags, project && { descriptor: descriptor(project), file: join(directory, 'project.toml') }, builder, directory, {})

test("uses the builder's order by default", async () => {
  expect(await choose([], {})).toEqual({ added: [], external: false })
})

test('forms one group of the flags, in their order, each with its version', async () => {
  const { order, added } = await choose(['cnb/two@2.0', 'cnb/one'])
  expect(order).toEqual([{ group: [{ id: 'cnb/two', version: '2.0' }, { id: 'cnb/one', version: '1.0' }] }])
  expect(added).toEqual([])
})

test('adds a directory as an external buildpack', async () => {
  const { order, added, external: foreign } = await choose(['mine', 'cnb/one'])
  expect(order?.[0]?.group[0]).toMatchObject({ id: 'my/own', version: '0.1' })
  expect(added.map(({ descriptor: { info } }) => info.id)).toEqual(['my/own'])
  expect(foreign).toBe(true)
})

test('shows no line of a buildpack.toml outside the directory of project.toml', async () => {
  const text = 'api = "0.11"\n[buildpack]\nid = "a"\nversion = "../secret"\n'
  await mkdir(join(directory, 'inner', 'own'), { recursive: true })
  await mkdir(join(directory, 'outer'))
  for (const each of ['inner/own', 'outer']) await writeFile(join(directory, each, 'buildpack.toml'), text)
  await symlink('../outer', join(directory, 'inner', 'link'))
  const project = (uri: string) => ({ descriptor: descriptor({ group: [{ uri }] }), file: join(directory, 'inner', 'project.toml') })
  const sourceOf = (uri: string) => chooseBuildpacks([], project(uri), builder, directory, {}).then(() => '', (error: CnbError) => error.source)
  expect(await sourceOf('own')).toBe('version = "../secret"')
  expect(await sourceOf('../outer')).toBeUndefined()
  expect(await sourceOf('link')).toBeUndefined()
  await expect(choose(['outer'])).rejects.toMatchObject({ source: 'version = "../secret"' })
})

test('refuses a buildpack with the same directory as another', async () => {
  const inline = (id: string) => ({ id, script: { api: '0.11', shell: '/bin/sh', inline: 'true' } })
  expect((await choose([], { group: [inline('my_own')] })).order).toEqual([{ group: [{ id: 'my_own', version: '0.0.0' }] }])
  await expect(choose([], { group: [inline('cnb_one')] })).rejects.toMatchObject({
    code: 'CNB_BUILDPACK_INVALID',
    message: "the buildpacks 'cnb/one' and 'cnb_one' have the same directory, 'cnb_one'",
  })
})

test("replaces from=builder by each of the builder's groups", async () => {
  const { order } = await choose(['mine', 'from=builder'])
  expect(order?.map(({ group }) => group.map(({ id }) => id))).toEqual([
    ['my/own', 'cnb/one'],
    ['my/own', 'cnb/two'],
  ])
})

test("prefers flags to project.toml's group, and this to the builder's order", async () => {
  const project = { group: [{ id: 'cnb/two', version: '1.0' }] }
  expect((await choose([], project)).order).toEqual([{ group: [{ id: 'cnb/two', version: '1.0' }] }])
  expect((await choose(['cnb/one'], project)).order).toEqual([{ group: [{ id: 'cnb/one', version: '1.0' }] }])
})

test("puts pre and post around every group of the builder's order", async () => {
  const { order } = await choose([], { pre: [{ uri: 'mine' }], post: [{ id: 'cnb/two', version: '2.0' }] })
  expect(order?.map(({ group }) => group.map(({ id, version }) => `${id}@${version}`))).toEqual([
    ['my/own@0.1', 'cnb/one@1.0', 'cnb/two@2.0'],
    ['my/own@0.1', 'cnb/two@1.0', 'cnb/two@2.0'],
  ])
})

test('adds an inline script as a buildpack that is not external', async () => {
  const { order, added, external: foreign } = await choose([], { group: [{ id: 'in/line', script: { api: '0.11', inline: 'true', shell: '/bin/sh' } }] })
  expect(order?.[0]?.group[0]?.id).toBe('in/line')
  expect(added).toHaveLength(1)
  expect(foreign).toBe(false)
})

test('finds the parts of a composite buildpack in the builder, and reports missing ones', async () => {
  const composite = async (name: string, part: string): Promise<void> => {
    await mkdir(join(directory, name))
    const toml = `api = "0.11"\n[buildpack]\nid = "my/${name}"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "cnb/two"\nversion = "${part}"\n`
    await writeFile(join(directory, name, 'buildpack.toml'), toml)
  }
  await composite('whole', '2.0')
  await composite('broken', '9.9')
  expect((await choose(['whole'])).order).toEqual([{ group: [{ id: 'my/whole', version: '1' }] }])
  await expect(choose(['broken'])).rejects.toMatchObject({
    code: 'CNB_BUILDPACK_NOT_FOUND',
    message: expect.stringContaining("'my/broken@1' needs 'cnb/two@9.9'") as string,
  })
})

test('requires a version if the builder has several', async () => {
  await expect(choose(['cnb/two'])).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
})

test('reports a buildpack that is neither a path nor in the builder', async () => {
  await expect(choose(['no/such'])).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
})
