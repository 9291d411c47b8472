import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { CnbError } from '../../../../src/base/errors.ts'
import { chooseBuildpacks } from '../../../../src/operations/build/build-order.ts'
import type { ProjectDescriptor } from '../../../../src/project/descriptor.ts'
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

test("without any wish the builder's own order holds", async () => {
  expect(await choose([], {})).toEqual({ added: [], external: false })
})

test('flags make one group, in their order, each with its version', async () => {
  const { order, added } = await choose(['cnb/two@2.0', 'cnb/one'])
  expect(order).toEqual([{ group: [{ id: 'cnb/two', version: '2.0' }, { id: 'cnb/one', version: '1.0' }] }])
  expect(added).toEqual([])
})

test('a directory is added, and counts as foreign', async () => {
  const { order, added, external: foreign } = await choose(['mine', 'cnb/one'])
  expect(order?.[0]?.group[0]).toMatchObject({ id: 'my/own', version: '0.1' })
  expect(added.map(({ descriptor: { info } }) => info.id)).toEqual(['my/own'])
  expect(foreign).toBe(true)
})

test('an error shows no line of a buildpack.toml outside of the directory of project.toml, which chose it', async () => {
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

test('one that would have the directory of another is refused', async () => {
  const inline = (id: string) => ({ id, script: { api: '0.11', shell: '/bin/sh', inline: 'true' } })
  expect((await choose([], { group: [inline('my_own')] })).order).toEqual([{ group: [{ id: 'my_own', version: '0.0.0' }] }])
  await expect(choose([], { group: [inline('cnb_one')] })).rejects.toMatchObject({
    code: 'CNB_BUILDPACK_INVALID',
    message: "the buildpacks 'cnb/one' and 'cnb_one' have the same directory, 'cnb_one'",
  })
})

test("from=builder stands for each of the builder's groups in turn", async () => {
  const { order } = await choose(['mine', 'from=builder'])
  expect(order?.map(({ group }) => group.map(({ id }) => id))).toEqual([
    ['my/own', 'cnb/one'],
    ['my/own', 'cnb/two'],
  ])
})

test("flags come before project.toml's group, which comes before the builder's order", async () => {
  const project = { group: [{ id: 'cnb/two', version: '1.0' }] }
  expect((await choose([], project)).order).toEqual([{ group: [{ id: 'cnb/two', version: '1.0' }] }])
  expect((await choose(['cnb/one'], project)).order).toEqual([{ group: [{ id: 'cnb/one', version: '1.0' }] }])
})

test("pre and post surround every group of the builder's order", async () => {
  const { order } = await choose([], { pre: [{ uri: 'mine' }], post: [{ id: 'cnb/two', version: '2.0' }] })
  expect(order?.map(({ group }) => group.map(({ id, version }) => `${id}@${version}`))).toEqual([
    ['my/own@0.1', 'cnb/one@1.0', 'cnb/two@2.0'],
    ['my/own@0.1', 'cnb/two@1.0', 'cnb/two@2.0'],
  ])
})

test('an inline script is a buildpack of its own, and not foreign', async () => {
  const { order, added, external: foreign } = await choose([], { group: [{ id: 'in/line', script: { api: '0.11', inline: 'true', shell: '/bin/sh' } }] })
  expect(order?.[0]?.group[0]?.id).toBe('in/line')
  expect(added).toHaveLength(1)
  expect(foreign).toBe(false)
})

test('a composite buildpack finds its parts in the builder, and misses those that are nowhere', async () => {
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

test('a version is asked for where the builder has several', async () => {
  await expect(choose(['cnb/two'])).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
})

test('what is neither a path nor in the builder is told as both', async () => {
  await expect(choose(['no/such'])).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
})
