import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import type { Order } from '../../../../src/buildpacks/order.ts'
import { chooseBuildpacks, type WantedModules } from '../../../../src/operations/build/build-order.ts'
import type { ProjectDescriptor } from '../../../../src/project/project-descriptor.ts'
import { localSources } from '../../buildpacks/read-path.ts'
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

afterAll(() => rm(directory, { recursive: true }))

const NONE: WantedModules = { buildpacks: [], pre: [], post: [], extensions: [], project: undefined }

const descriptor = (changes: Partial<ProjectDescriptor>): ProjectDescriptor => ({ group: [], pre: [], post: [], env: [], warnings: [], ...changes })

const choose = (flags: string[], project?: Partial<ProjectDescriptor>) =>
  chooseBuildpacks(
    { ...NONE, buildpacks: flags, project: project && { descriptor: descriptor(project), file: join(directory, 'project.toml') } },
    { builder, sources: localSources, cwd: directory },
    {},
  )

test("uses the builder's order by default", async () => {
  expect(await choose([], {})).toEqual({ added: [], external: false })
})

test('forms one group of the flags, in their order, each with its version', async () => {
  const { order, added } = await choose(['cnb/two@2.0', 'cnb/one'])
  expect(order?.buildpacks).toEqual([{ group: [{ id: 'cnb/two', version: '2.0' }, { id: 'cnb/one', version: '1.0' }] }])
  expect(added).toEqual([])
})

test('adds a directory as an external buildpack', async () => {
  const { order, added, external: foreign } = await choose(['mine', 'cnb/one'])
  expect(order?.buildpacks[0]?.group[0]).toMatchObject({ id: 'my/own', version: '0.1' })
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
  const sourceOf = (uri: string) => chooseBuildpacks({ ...NONE, project: project(uri) }, { builder, sources: localSources, cwd: directory }, {}).then(() => '', (error: CnbError) => error.source)
  expect(await sourceOf('own')).toBe('version = "../secret"')
  expect(await sourceOf('../outer')).toBeUndefined()
  expect(await sourceOf('link')).toBeUndefined()
  await expect(choose(['outer'])).rejects.toMatchObject({ source: 'version = "../secret"' })
})

test('refuses a buildpack with the same directory as another', async () => {
  const inline = (id: string) => ({ id, script: { api: '0.11', shell: '/bin/sh', inline: 'true' } })
  expect((await choose([], { group: [inline('my_own')] })).order?.buildpacks).toEqual([{ group: [{ id: 'my_own', version: '0.0.0' }] }])
  await expect(choose([], { group: [inline('cnb_one')] })).rejects.toMatchObject({
    code: 'CNB_BUILDPACK_INVALID',
    message: "the buildpacks 'cnb/one' and 'cnb_one' have the same directory, 'cnb_one'",
  })
})

test("replaces from=builder by each of the builder's groups", async () => {
  const { order } = await choose(['mine', 'from=builder'])
  expect(order?.buildpacks.map(({ group }) => group.map(({ id }) => id))).toEqual([
    ['my/own', 'cnb/one'],
    ['my/own', 'cnb/two'],
  ])
})

test("prefers flags to project.toml's group, and this to the builder's order", async () => {
  const project = { group: [{ id: 'cnb/two', version: '1.0' }] }
  expect((await choose([], project)).order?.buildpacks).toEqual([{ group: [{ id: 'cnb/two', version: '1.0' }] }])
  expect((await choose(['cnb/one'], project)).order?.buildpacks).toEqual([{ group: [{ id: 'cnb/one', version: '1.0' }] }])
})

test("puts pre and post around every group of the builder's order", async () => {
  const { order } = await choose([], { pre: [{ uri: 'mine' }], post: [{ id: 'cnb/two', version: '2.0' }] })
  expect(order?.buildpacks.map(({ group }) => group.map(({ id, version }) => `${id}@${version}`))).toEqual([
    ['my/own@0.1', 'cnb/one@1.0', 'cnb/two@2.0'],
    ['my/own@0.1', 'cnb/two@1.0', 'cnb/two@2.0'],
  ])
})

test('adds an inline script as a buildpack that is not external', async () => {
  const { order, added, external: foreign } = await choose([], { group: [{ id: 'in/line', script: { api: '0.11', inline: 'true', shell: '/bin/sh' } }] })
  expect(order?.buildpacks[0]?.group[0]?.id).toBe('in/line')
  expect(added).toHaveLength(1)
  expect(foreign).toBe(false)
})

test('rejects an order that contains itself through another buildpack', async () => {
  for (const [name, part] of [['first', 'second'], ['second', 'first']]) {
    await mkdir(join(directory, name!))
    await writeFile(join(directory, name!, 'buildpack.toml'), `api = "0.11"\n[buildpack]\nid = "my/${name}"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "my/${part}"\nversion = "1"\n`)
  }
  await expect(choose(['first', 'second'])).rejects.toMatchObject({
    code: 'CNB_BUILDPACK_INVALID',
    message: "buildpack 'my/first@1' is in its own order: my/first@1 → my/second@1 → my/first@1",
  })
})

test('finds the parts of a composite buildpack in the builder, and reports missing ones', async () => {
  const composite = async (name: string, part: string): Promise<void> => {
    await mkdir(join(directory, name))
    const toml = `api = "0.11"\n[buildpack]\nid = "my/${name}"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "cnb/two"\nversion = "${part}"\n`
    await writeFile(join(directory, name, 'buildpack.toml'), toml)
  }
  await composite('whole', '2.0')
  await composite('broken', '9.9')
  expect((await choose(['whole'])).order?.buildpacks).toEqual([{ group: [{ id: 'my/whole', version: '1' }] }])
  await expect(choose(['broken'])).rejects.toMatchObject({
    code: 'CNB_BUILDPACK_NOT_FOUND',
    message: expect.stringContaining("'my/broken@1' needs 'cnb/two@9.9'") as string,
  })
})

test('requires a version if the builder has several', async () => {
  await expect(choose(['cnb/two'])).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
})

test('reports a buildpack that is neither a path nor in the builder', async () => {
  await expect(choose(['./no/such'])).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
  await expect(choose(['cnb/two@9.9.9'])).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND', hint: "Use one of its versions in the builder: 1.0, 2.0." })
})

describe('options for modules around the order of the builder', () => {
  const own = (id: string, more = ''): string => `api = "0.11"\n[buildpack]\nid = "${id}"\nversion = "1"\n${more}`
  const write = async (name: string, toml: string): Promise<string> => {
    await mkdir(join(directory, name, 'bin'), { recursive: true })
    await writeFile(join(directory, name, toml.includes('[extension]') ? 'extension.toml' : 'buildpack.toml'), toml)
    for (const file of ['detect', 'build']) await writeFile(join(directory, name, 'bin', file), '')
    return name
  }
  const chosen = (wanted: Partial<WantedModules>, events: CnbEvent[] = []) =>
    chooseBuildpacks({ ...NONE, ...wanted }, { builder, sources: localSources, cwd: directory }, { events: (event) => events.push(event) })
  const ids = (order: Order | undefined) => order?.map(({ group }) => group.map(({ id }) => id))

  test('replaces pre and post of project.toml, and never with --buildpack', async () => {
    const project = { descriptor: descriptor({ pre: [{ id: 'cnb/two', version: '2.0' }], post: [{ id: 'cnb/two', version: '2.0' }] }), file: join(directory, 'project.toml') }
    const { order, external } = await chosen({ pre: ['mine'], project })
    expect(ids(order?.buildpacks)).toEqual([['my/own', 'cnb/one', 'cnb/two'], ['my/own', 'cnb/two', 'cnb/two']])
    expect(external).toBe(true)
    expect(ids((await chosen({ buildpacks: ['cnb/one'], pre: ['mine'], post: ['mine'], project })).order?.buildpacks)).toEqual([['cnb/one']])
  })

  test('keeps the order of several buildpacks, and reverses those before a group for pack', async () => {
    await write('other', 'api = "0.10"\n[buildpack]\nid = "my/other"\nversion = "1"\n')
    const project = { descriptor: descriptor({ pre: [{ uri: 'mine' }, { uri: 'other' }] }), file: join(directory, 'project.toml') }
    for (const wanted of [{ pre: ['mine', 'other'], post: ['cnb/one', 'cnb/two@2.0'] }, { project, post: ['cnb/one', 'cnb/two@2.0'] }]) {
      const first = async (reversePre: boolean): Promise<unknown> => ids((await chosen({ ...wanted, reversePre })).order?.buildpacks)?.[1]
      expect(await first(false)).toEqual(['my/own', 'my/other', 'cnb/two', 'cnb/one', 'cnb/two'])
      expect(await first(true)).toEqual(['my/other', 'my/own', 'cnb/two', 'cnb/one', 'cnb/two'])
    }
  })

  test("replaces the builder's extensions by --extension, and keeps its order of buildpacks", async () => {
    await write('ext', 'api = "0.10"\n[extension]\nid = "my/ext"\nversion = "3"\n')
    const { order, added } = await chosen({ extensions: ['ext'] })
    expect(order).toEqual({
      buildpacks: [{ group: [{ id: 'cnb/one', version: '1.0' }] }, { group: [{ id: 'cnb/two', version: '1.0', optional: true }] }],
      extensions: [{ group: [{ id: 'my/ext', version: '3' }] }],
    })
    expect(added.map(({ descriptor: { kind } }) => kind)).toEqual(['extension'])
    await expect(chosen({ extensions: ['mine'] })).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID' })
  })

  test('refuses two sources with different files for one ID and version, and names both', async () => {
    await write('first', own('my/same'))
    await write('second', own('my/same', '[[targets]]\nos = "linux"\n'))
    await expect(chosen({ buildpacks: ['first', 'second'] })).rejects.toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: `${join(directory, 'first')} and ${join(directory, 'second')} have different files for 'my/same@1'`,
    })
  })

  test('refuses a buildpack for another architecture, and one with another API', async () => {
    await write('arm', own('my/arm', '[[targets]]\nos = "linux"\narch = "arm64"\n'))
    await expect(chosen({ buildpacks: ['arm'] })).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('does not run on the builder') as string })
    await write('future', own('my/future').replace('0.11', '7.5'))
    await expect(chosen({ buildpacks: ['future'] })).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('has Buildpack API 7.5') as string })
  })
})
