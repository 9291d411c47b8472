import { describe, expect, test } from 'vitest'
import { makeTarLayer } from '../../../../src/archive/tar/tar-layer.ts'
import { buildpackLayer } from '../../../../src/buildpacks/buildpack-layer.ts'
import type { Buildpack } from '../../../../src/buildpacks/buildpack.ts'
import type { BuildpackDescriptor } from '../../../../src/buildpacks/buildpack-descriptor.ts'
import { planPackage, type PackageRecipe } from '../../../../src/buildpacks/packages/plan-package.ts'
import { encodeImageConfig } from '../../../../src/oci/config.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { listLayer } from '../tar-file.ts'

type Parts = Partial<Omit<BuildpackDescriptor, 'info'>> & { version?: string; name?: string; text?: string }

async function module(id: string, { version = '1', name, text = '', ...parts }: Parts = {}): Promise<Buildpack> {
  const descriptor = { kind: 'buildpack' as const, api: '0.10', info: { id, version, ...(name ? { name } : {}) }, stacks: [], targets: [], order: [], ...parts }
  const content = Buffer.from(text || id)
  const file = { type: 'file' as const, name: Buffer.from('file'), mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content }
  return { origin: `/${id}${text}`, descriptor, layer: await buildpackLayer(descriptor, () => [file]) }
}

const order = (...ids: string[]) => [{ group: ids.map((id) => ({ id, version: '1' })) }]
const plan = (main: Buildpack, dependencies: readonly Buildpack[] = [], parts: Partial<PackageRecipe> = {}) =>
  planPackage({ main, dependencies, target: { os: 'linux' }, labels: {}, tags: [parseTag('acme/package')], ...parts })
const failure = async (main: Promise<Buildpack>, ...dependencies: Promise<Buildpack>[]): Promise<unknown> =>
  plan(await main, await Promise.all(dependencies)).then(() => undefined, (error: unknown) => error)

describe('a package', () => {
  test("has pack's labels, byte for byte", async () => {
    const [main, a, b] = [
      await module('acme/all', { order: [{ group: [{ id: 'b', version: '1' }, { id: 'a', version: '1', optional: true }] }] }),
      await module('a', { targets: [{ os: 'linux', arch: 'amd64', distros: [{ name: 'debian', version: '12' }] }], name: 'A & co' }),
      await module('b', { stacks: [{ id: 'io.x', mixins: ['z', 'y'] }] }),
    ]
    const { plan: { config } } = await plan(main, [a, b], { labels: { team: 'web' } })
    expect(config.config.Labels).toEqual({
      team: 'web',
      'io.buildpacks.buildpackage.metadata': '{"id":"acme/all","version":"1","stacks":[{"id":"io.x","mixins":["z","y"]}]}',
      'io.buildpacks.buildpack.layers':
        `{"a":{"1":{"api":"0.10","targets":[{"os":"linux","arch":"amd64","distros":[{"name":"debian","version":"12"}]}],"layerDiffID":"${a.layer.diffId}","name":"A \\u0026 co"}},` +
        `"acme/all":{"1":{"api":"0.10","order":[{"group":[{"id":"b","version":"1"},{"id":"a","version":"1","optional":true}]}],"layerDiffID":"${main.layer.diffId}"}},` +
        `"b":{"1":{"api":"0.10","stacks":[{"id":"io.x","mixins":["z","y"]}],"layerDiffID":"${b.layer.diffId}"}}}`,
    })
  })

  test('has one layer for each buildpack, sorted, in any order of the dependencies', async () => {
    const [main, a, b] = [await module('acme/all', { order: order('a', 'b') }), await module('a'), await module('b')]
    const { plan: first } = await plan(main, [a, b])
    const { plan: second } = await plan(main, [b, a])
    expect(first.layers).toEqual([a.layer, main.layer, b.layer])
    expect(first.config.history?.map(({ created_by }) => created_by)).toEqual(['cnb: buildpack a@1', 'cnb: buildpack acme/all@1', 'cnb: buildpack b@1'])
    expect(first.base).toBeUndefined()
    expect(encodeImageConfig(second.config)).toEqual(encodeImageConfig(first.config))
  })

  test('is for the target, and from 1980', async () => {
    const { plan: { config } } = await plan(await module('a'), [], { target: { os: 'linux', arch: 'arm', variant: 'v7', distros: [{ name: 'debian', version: '12' }] } })
    expect(config).toMatchObject({ os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '12', created: '1980-01-01T00:00:01Z' })
    expect((await plan(await module('a'))).plan.config).toMatchObject({ os: 'linux', architecture: '' })
  })

  test('has the labels of an extension for an extension', async () => {
    const extension = await module('e', { kind: 'extension' })
    expect((await plan(extension)).plan.config.config.Labels).toEqual({
      'io.buildpacks.buildpackage.metadata': '{"id":"e","version":"1","stacks":null}',
      'io.buildpacks.extension.layers': `{"e":{"1":{"api":"0.10","layerDiffID":"${extension.layer.diffId}"}}}`,
    })
  })

  test('contains a buildpack once that two dependencies bring, and a layer once that two buildpacks share', async () => {
    const [main, a] = [await module('acme/all', { order: order('a', 'b') }), await module('a')]
    const b = { ...(await module('b')), layer: a.layer }
    const { plan: { layers }, modules } = await plan(main, [a, b, a])
    expect(layers).toEqual([a.layer, main.layer])
    expect(modules).toHaveLength(3)
  })
})

describe('a package', () => {
  test('cannot have an order entry that no dependency brings', async () => {
    expect(await failure(module('all', { order: order('a', 'b') }), module('a'))).toMatchObject({
      code: 'CNB_BUILDPACK_NOT_FOUND',
      message: "buildpack 'all@1' needs 'b@1', which is not in the package",
    })
  })

  test('cannot have an order entry without a version', async () => {
    expect(await failure(module('all', { order: [{ group: [{ id: 'a' }] }] }), module('a'))).toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: "buildpack 'all@1' lists 'a' in its order without a version",
    })
  })

  test('cannot have a dependency that no order uses, also indirectly', async () => {
    expect(await failure(module('all', { order: order('a') }), module('a'), module('b'))).toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: "buildpack 'b@1' of /b is not used by buildpack 'all@1'",
    })
    expect(await failure(module('a'), module('b', { order: order('c') }), module('c'))).toMatchObject({ message: expect.stringContaining("'b@1' of /b is not used") as string })
  })

  test('cannot have an order that names itself, directly or through others', async () => {
    expect(await failure(module('a', { order: order('a') }))).toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: "buildpack 'a@1' is in its own order: a@1 → a@1" })
    expect(await failure(module('a', { order: order('b') }), module('b', { order: order('c') }), module('c', { order: order('b') }))).toMatchObject({
      message: "buildpack 'b@1' is in its own order: b@1 → c@1 → b@1",
    })
  })

  test('cannot have two different buildpacks of one ID and version, and names both sources', async () => {
    expect(await failure(module('all', { order: order('a') }), module('a'), module('a', { text: '-other' }))).toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: "/a and /a-other have different files for 'a@1'",
    })
  })

  test('cannot have buildpacks without a common stack', async () => {
    expect(await failure(module('all', { order: order('a', 'b') }), module('a', { stacks: [{ id: 'x' }] }), module('b', { stacks: [{ id: 'y' }] }))).toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: "the buildpacks of 'all@1' have no stack in common",
    })
  })
})

test.each([
  ['any stack, if all support any', [{ id: '*' }], [{ id: '*' }, { id: 'x' }], [{ id: '*' }]],
  ['those of the other, if one supports any', [{ id: '*' }], [{ id: 'x', mixins: ['m'] }], [{ id: 'x', mixins: ['m'] }]],
  ['those of both, with the mixins of both', [{ id: 'x', mixins: ['b'] }, { id: 'y' }], [{ id: 'x', mixins: ['c', 'a'] }, { id: 'z' }], [{ id: 'x', mixins: ['a', 'b', 'c'] }]],
])('returns as stacks of a package %s', async (_, a, b, merged) => {
  const { plan: { config } } = await plan(await module('all', { order: order('a', 'b') }), [await module('a', { stacks: a }), await module('b', { stacks: b })])
  expect(JSON.parse(config.config.Labels?.['io.buildpacks.buildpackage.metadata'] ?? '')).toMatchObject({ stacks: merged })
})

describe('a flattened package', () => {
  const flat = async (except: string[] = []) => {
    const [main, a] = [await module('acme/all', { order: [{ group: [{ id: 'a', version: '1' }, { id: 'a', version: '2' }] }] }), await module('a')]
    const other = await module('a', { version: '2' })
    return { main, a, other, ...(await plan(main, [a, other], { flattenExcept: except })) }
  }

  test('has all files in one layer: the dependencies in their order, then the main buildpack, each shared directory once', async () => {
    const { plan: { layers }, modules } = await flat()
    expect(new Set(modules.map(({ layer }) => layer.diffId))).toEqual(new Set(layers.map(({ diffId }) => diffId)))
    expect(layers).toHaveLength(1)
    expect((await listLayer(layers[0]!)).map((line) => line.split(' ').slice(3).join(' '))).toEqual([
      'directory /cnb/buildpacks/a',
      'directory /cnb/buildpacks/a/1',
      'file /cnb/buildpacks/a/1/file = "a"',
      'directory /cnb/buildpacks/a/2',
      'file /cnb/buildpacks/a/2/file = "a"',
      'directory /cnb/buildpacks/acme_all',
      'directory /cnb/buildpacks/acme_all/1',
      'file /cnb/buildpacks/acme_all/1/file = "acme/all"',
    ])
  })

  test('keeps the layers of excluded buildpacks', async () => {
    const { plan: { layers }, a, modules } = await flat(['a@1'])
    expect(layers).toHaveLength(2)
    expect(modules.find(({ descriptor: { info } }) => info.id === 'a' && info.version === '1')?.layer).toBe(a.layer)
  })

  test('takes from the layer of a flattened dependency only the files of each buildpack', async () => {
    const { plan: { layers }, main, a, other } = await flat()
    const shared = layers[0]!
    const again = await plan(main, [{ ...a, layer: shared }, { ...other, layer: shared }], { flattenExcept: [] })
    expect(again.plan.layers.map(({ diffId }) => diffId)).toEqual([shared.diffId])
  })

  test('is the usual package if less than two buildpacks share a layer', async () => {
    const single = await module('a')
    expect((await plan(single, [], { flattenExcept: [] })).plan.layers).toEqual([single.layer])
  })

  test('refuses to exclude a buildpack that it does not contain', async () => {
    await expect(flat(['b@1'])).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot exclude 'b@1' from flattening: the package does not contain it" })
  })

  test('fails with the error of a layer that is not a tar', async () => {
    const broken = { ...(await module('a')), layer: { ...(await makeTarLayer(() => [])), open: () => Promise.reject(new Error('gone')) } }
    await expect(plan(await module('all', { order: order('a') }), [broken], { flattenExcept: [] })).rejects.toThrow('gone')
  })
})
