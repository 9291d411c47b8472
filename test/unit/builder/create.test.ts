import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { makeTarLayer } from '../../../src/archive/tar/tar-layer.ts'
import { planBuilder, type BuilderRecipe } from '../../../src/builder/create.ts'
import { readBuilder } from '../../../src/builder/read-builder.ts'
import type { BuildpackDescriptor } from '../../../src/buildpacks/buildpack-descriptor.ts'
import type { Buildpack } from '../../../src/buildpacks/buildpack.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { listLayer } from '../buildpacks/tar-file.ts'
import { builderImage } from './builder-image.ts'

async function buildpackOf(parts: Partial<BuildpackDescriptor> & { id: string; version?: string }, content = ''): Promise<Buildpack> {
  const { id, version = '1', ...descriptor } = parts
  const bytes = Buffer.from(content)
  const layer = await makeTarLayer(() => [
    { type: 'file', name: `/cnb/buildpacks/${id}/${version}`, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: bytes.length, content: bytes },
  ])
  return { origin: `/${id}`, descriptor: { kind: 'buildpack', api: '0.11', info: { id, version }, stacks: [], targets: [], order: [], ...descriptor }, layer }
}

async function recipeOf(parts: Partial<BuilderRecipe> = {}): Promise<BuilderRecipe> {
  return {
    buildImage: builderImage({ inherited: 'yes' }, undefined, 'acme/build'),
    description: 'For <tests> & such',
    lifecycle: {
      version: '0.21.0',
      apis: { buildpack: { deprecated: ['0.9'], supported: ['0.10', '0.11'] }, platform: { deprecated: [], supported: ['0.14', '0.15'] } },
      api: { buildpack: '0.9', platform: '0.14' },
      layer: await makeTarLayer(() => []),
    },
    buildpacks: [await buildpackOf({ id: 'b' }), await buildpackOf({ id: 'a' })],
    extensions: [],
    order: [{ group: [{ id: 'b' }, { id: 'a', version: '1', optional: true }] }],
    orderExtensions: [],
    system: { pre: [], post: [] },
    runImages: [{ image: 'acme/run', mirrors: ['mirror.example/run'] }],
    stackId: '',
    createdBy: { name: 'cnb', version: '0.1.0' },
    buildEnv: [],
    labels: { team: 'web' },
    tags: [parseTag('acme/builder')],
    ...parts,
  }
}

describe('planBuilder', () => {
  test("adds pack's layers in pack's order", async () => {
    const recipe = await recipeOf({
      buildEnv: [{ name: 'CI', content: 'true' }],
      extensions: [await buildpackOf({ id: 'ext', kind: 'extension' })],
      orderExtensions: [{ group: [{ id: 'ext' }] }],
      system: { pre: [{ id: 'a' }], post: [] },
    })
    const { plan, warnings } = await planBuilder(recipe)
    expect(warnings).toEqual([])
    expect(plan.config.history?.map(({ created_by }) => created_by)).toEqual([
      'import',
      'cnb: directories',
      'cnb: lifecycle 0.21.0',
      'cnb: buildpack a@1',
      'cnb: buildpack b@1',
      'cnb: extension ext@1',
      'cnb: order.toml',
      'cnb: system.toml',
      'cnb: stack.toml',
      'cnb: run.toml',
      'cnb: build-config env',
      'cnb: platform env',
    ])
    expect(plan.config.rootfs.diff_ids).toEqual(plan.layers.map(({ diffId }) => diffId))
    const files = await Promise.all(plan.layers.slice(6).map(listLayer))
    const time = '644 0:0 315532801 file'
    const text = (toml: string): string => JSON.stringify(toml)
    expect(files).toEqual([
      [
        `${time} /cnb/order.toml = ${text(
          '[[order]]\n[[order.group]]\nid = "b"\nversion = "1"\n\n[[order.group]]\nid = "a"\nversion = "1"\noptional = true\n\n' +
            '[[order-extensions]]\n[[order-extensions.group]]\nid = "ext"\nversion = "1"\n',
        )}`,
      ],
      [`${time} /cnb/system.toml = ${text('[[system.pre.buildpacks]]\nid = "a"\nversion = "1"\n\n[system.post]\n')}`],
      [`${time} /cnb/stack.toml = ${text('[run-image]\nimage = "acme/run"\nmirrors = [ "mirror.example/run" ]\n')}`],
      [`${time} /cnb/run.toml = ${text('[[images]]\nimage = "acme/run"\nmirrors = [ "mirror.example/run" ]\n')}`],
      [`${time} /cnb/build-config/env/CI = "true"`],
      [],
    ])
  })

  test('creates directories of the build user and of root', async () => {
    const { plan } = await planBuilder(await recipeOf())
    expect(await listLayer(plan.layers[1]!)).toEqual([
      '755 1001:1000 315532801 directory /workspace',
      '755 1001:1000 315532801 directory /layers',
      ...['/cnb', '/cnb/buildpacks', '/cnb/extensions', '/platform', '/platform/env', '/cnb/build-config', '/cnb/build-config/env'].map(
        (path) => `755 0:0 315532801 directory ${path}`,
      ),
    ])
  })

  test('encodes labels byte for byte as Go does', async () => {
    const { plan } = await planBuilder(
      await recipeOf({
        buildpacks: [
          await buildpackOf({ id: 'b', info: { id: 'b', version: '2', name: 'Bee', homepage: 'https://b.example?x&y', licenses: [{ type: 'MIT' }], clearEnv: true } }),
          await buildpackOf({ id: 'a', targets: [{ os: 'linux', distros: [{ name: 'debian', version: '12' }] }], stacks: [{ id: '*', mixins: ['m'] }] }),
        ],
      }),
    )
    const [a, b] = plan.layers.slice(3, 5).map(({ diffId }) => diffId)
    expect(plan.config.config.Labels).toEqual({
      inherited: 'yes',
      team: 'web',
      'io.buildpacks.builder.metadata':
        '{"description":"For \\u003ctests\\u003e \\u0026 such",' +
        '"buildpacks":[{"id":"b","name":"Bee","version":"2","homepage":"https://b.example?x\\u0026y","licenses":[{"Type":"MIT","URI":""}],"clear-env":true},{"id":"a","version":"1"}],' +
        '"extensions":null,"stack":{"runImage":{"image":"","mirrors":null}},' +
        '"lifecycle":{"version":"0.21.0","api":{"buildpack":"0.9","platform":"0.14"},' +
        '"apis":{"buildpack":{"deprecated":["0.9"],"supported":["0.10","0.11"]},"platform":{"deprecated":[],"supported":["0.14","0.15"]}}},' +
        '"createdBy":{"name":"cnb","version":"0.1.0"},"images":[{"image":"acme/run","mirrors":["mirror.example/run"]}]}',
      'io.buildpacks.buildpack.layers':
        `{"a":{"1":{"api":"0.11","stacks":[{"id":"*","mixins":["m"]}],"targets":[{"os":"linux","arch":"","distros":[{"name":"debian","version":"12"}]}],"layerDiffID":"${a}"}},` +
        `"b":{"2":{"api":"0.11","layerDiffID":"${b}","homepage":"https://b.example?x\\u0026y","name":"Bee"}}}`,
      'io.buildpacks.extension.layers': '{}',
      'io.buildpacks.buildpack.order': '[{"group":[{"id":"b"},{"id":"a","version":"1","optional":true}]}]',
      'io.buildpacks.buildpack.order-extensions': 'null',
      'io.buildpacks.stack.mixins': 'null',
    })
  })

  test('writes labels that readBuilder reads back', async () => {
    const recipe = await recipeOf({ system: { pre: [{ id: 'a', version: '1' }], post: [] } })
    const { plan } = await planBuilder(recipe)
    const image = { ...builderImage(plan.config.config.Labels ?? {}, plan.config.config.Env), config: plan.config }
    expect(readBuilder(image)).toMatchObject({
      description: recipe.description,
      createdBy: recipe.createdBy,
      runImages: recipe.runImages,
      order: recipe.order,
      system: recipe.system,
      lifecycle: { version: '0.21.0', buildpackApis: recipe.lifecycle.apis.buildpack, platformApis: recipe.lifecycle.apis.platform },
      buildpacks: [{ id: 'b', version: '1' }, { id: 'a', version: '1' }],
    })
  })

  test("keeps the build image's settings, and sets a constant time and the working directory /layers", async () => {
    const { plan } = await planBuilder(await recipeOf())
    expect(plan.config).toMatchObject({ created: '1980-01-01T00:00:01Z', os: 'linux', config: { User: '1001:1000', WorkingDir: '/layers' } })
    expect(plan.config.config.Env).toEqual(['PATH=/usr/bin:/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'])
  })

  test('returns the same configuration and layers for the same recipe', async () => {
    const [one, other] = [await planBuilder(await recipeOf()), await planBuilder(await recipeOf())]
    expect(JSON.stringify(other.plan.config)).toBe(JSON.stringify(one.plan.config))
    for (const [index, layer] of one.plan.layers.slice(1).entries()) {
      expect((await buffer(await layer.open())).equals(await buffer(await other.plan.layers[index + 1]!.open()))).toBe(true)
    }
  })

  test("adds a stack's ID to the environment, and its run image to the label", async () => {
    const buildImage = builderImage({ 'io.buildpacks.stack.id': 'acme', 'io.buildpacks.stack.mixins': '["git"]' }, undefined, 'acme/build')
    const { plan } = await planBuilder(await recipeOf({ buildImage, stackId: 'acme' }))
    expect(plan.config.config.Env).toContain('CNB_STACK_ID=acme')
    expect(plan.config.config.Labels?.['io.buildpacks.stack.mixins']).toBe('["git"]')
    expect(plan.config.config.Labels?.['io.buildpacks.builder.metadata']).toContain('"stack":{"runImage":{"image":"acme/run","mirrors":["mirror.example/run"]}}')
  })

  test('replaces a history of the build image that does not match its layers with empty entries', async () => {
    const image = builderImage({})
    const buildImage = { ...image, config: { ...image.config, history: [{ created_by: 'a' }, { created_by: 'b' }] } }
    const { plan } = await planBuilder(await recipeOf({ buildImage }))
    expect(plan.config.history?.slice(0, 2)).toEqual([{}, { created: '1980-01-01T00:00:01Z', created_by: 'cnb: directories' }])
  })

  test('uses the last of two versions of a buildpack with different files, and warns', async () => {
    const last = await buildpackOf({ id: 'a' }, 'last')
    const { plan, warnings } = await planBuilder(await recipeOf({ buildpacks: [await buildpackOf({ id: 'b' }), await buildpackOf({ id: 'a' }, 'first'), last] }))
    expect(warnings).toEqual([expect.stringContaining("'a@1' is specified twice")])
    expect(plan.layers[3]).toBe(last.layer)
    expect(plan.config.config.Labels?.['io.buildpacks.builder.metadata']).toContain('"buildpacks":[{"id":"b","version":"1"},{"id":"a","version":"1"}]')
  })

  test('adds a layer that buildpacks share once', async () => {
    const a = await buildpackOf({ id: 'a' })
    const { plan } = await planBuilder(await recipeOf({ buildpacks: [a, { ...(await buildpackOf({ id: 'b' })), layer: a.layer }] }))
    expect(plan.layers.filter(({ diffId }) => diffId === a.layer.diffId)).toHaveLength(1)
  })

  test('warns about a deprecated Buildpack API', async () => {
    const { warnings } = await planBuilder(await recipeOf({ buildpacks: [await buildpackOf({ id: 'a', api: '0.9' }), await buildpackOf({ id: 'b' })] }))
    expect(warnings).toEqual(["buildpack 'a@1' uses the deprecated Buildpack API 0.9"])
  })
})

describe('planBuilder', () => {
  test('rejects two buildpacks with the same directory', async () => {
    const recipe = await recipeOf({ buildpacks: [await buildpackOf({ id: 'a/b' }), await buildpackOf({ id: 'a_b' })] })
    await expect(planBuilder(recipe)).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining("'a/b' and 'a_b'") as string })
  })

  const onStack = (id: string): BuilderRecipe['buildImage'] => builderImage({ 'io.buildpacks.stack.id': id, 'io.buildpacks.stack.mixins': '["git"]' }, undefined, 'acme/build')
  const debian = builderImage({ 'io.buildpacks.base.distro.name': 'debian', 'io.buildpacks.base.distro.version': '12' }, undefined, 'acme/build')

  test.each([
    ['an order with an unknown buildpack', {}, { order: [{ group: [{ id: 'x' }] }] }, 'CNB_BUILDPACK_NOT_FOUND', /the builder has no buildpack 'x'/],
    ['a Buildpack API that the lifecycle does not support', { id: 'a', api: '0.1' }, {}, 'CNB_BUILDPACK_INVALID', /'a@1' has Buildpack API 0.1, which lifecycle 0.21.0 does not support/],
    ['another architecture', { id: 'a', targets: [{ os: 'linux', arch: 'arm64' }] }, {}, 'CNB_BUILDPACK_INVALID', /does not run on the build image 'acme\/build': it is linux\/amd64/],
    ['another distribution', { id: 'a', targets: [{ os: 'linux', distros: [{ name: 'ubuntu' }] }] }, { buildImage: debian }, 'CNB_BUILDPACK_INVALID', /it is linux\/amd64 \(debian 12\)/],
    ['another stack', { id: 'a', stacks: [{ id: 'other' }] }, { buildImage: onStack('acme') }, 'CNB_BUILDPACK_INVALID', /does not support stack 'acme'/],
    ['missing mixins', { id: 'a', stacks: [{ id: 'acme', mixins: ['git', 'build:make', 'run:curl'] }] }, { buildImage: onStack('acme') }, 'CNB_BUILDPACK_INVALID', /lacks: build:make$/],
    ['a composite buildpack with an unknown buildpack', { id: 'a', order: [{ group: [{ id: 'x', version: '2' }] }] }, {}, 'CNB_BUILDPACK_NOT_FOUND', /'a@1' needs 'x@2'/],
    ['a composite buildpack in its own order', { id: 'a', order: [{ group: [{ id: 'a', version: '1' }] }] }, {}, 'CNB_BUILDPACK_INVALID', /'a@1' is in its own order: a@1 → a@1/],
    ['a composite buildpack without versions', { id: 'a', order: [{ group: [{ id: 'b' }] }] }, {}, 'CNB_BUILDPACK_INVALID', /lists 'b' in its order without a version/],
    ['a stack that the build image does not have', { id: 'a' }, { stackId: 'acme' }, 'CNB_BUILDER_INVALID', /has stack '', but builder.toml has stack 'acme'/],
    ['a build image with malformed mixins', { id: 'a' }, { buildImage: builderImage({ 'io.buildpacks.stack.mixins': '[git]' }, undefined, 'acme/build') }, 'CNB_BUILDER_INVALID', /mixins' is not JSON/],
    ['a build image without a user', { id: 'a' }, { buildImage: builderImage({}, ['PATH=/bin'], 'acme/build') }, 'CNB_BUILDER_INVALID', /'acme\/build': .*CNB_USER_ID/],
  ])('rejects %s', async (_, buildpack, parts: Partial<BuilderRecipe>, code, message) => {
    const buildpacks = [await buildpackOf({ id: 'b' }), await buildpackOf({ id: 'a', ...buildpack })]
    await expect(recipeOf({ buildpacks, ...parts }).then((recipe) => planBuilder(recipe))).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string })
  })

  test('accepts buildpacks with supported stacks and mixins', async () => {
    const buildpacks = [await buildpackOf({ id: 'a', stacks: [{ id: 'acme', mixins: ['build:git', 'run:curl'] }] }), await buildpackOf({ id: 'b', stacks: [{ id: '*' }] })]
    await expect(planBuilder(await recipeOf({ buildpacks, buildImage: onStack('acme') }))).resolves.toBeDefined()
  })
})
