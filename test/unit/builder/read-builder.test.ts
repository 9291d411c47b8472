import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { readBuilder } from '../../../src/builder/read-builder.ts'
import { builderImage, METADATA } from './builder-image.ts'

const LAYERS = 'io.buildpacks.buildpack.layers'
const ORDER = 'io.buildpacks.buildpack.order'
const DIGEST = `sha256:${'a'.repeat(64)}`

function failure(work: () => unknown): CnbError {
  try {
    work()
  } catch (error) {
    return error as CnbError
  }
  throw new Error('no error')
}

describe('readBuilder', () => {
  test('reads all labels', () => {
    const builder = readBuilder(
      builderImage({
        'io.buildpacks.builder.metadata': JSON.stringify(METADATA),
        'io.buildpacks.stack.id': 'acme',
        'io.buildpacks.stack.mixins': '["git","build:make"]',
        [LAYERS]: JSON.stringify({ 'acme/node': { '1': { api: '0.11', layerDiffID: DIGEST, targets: [{ os: 'linux', arch: '' }], name: 'Node' } } }),
        [ORDER]: '[{"group":[{"id":"acme/node","version":"1","optional":true}]}]',
        'io.buildpacks.buildpack.order-extensions': 'null',
        'io.buildpacks.buildpack.system': '{"pre":{"buildpacks":[{"id":"acme/pre","version":"1"}]},"post":{"buildpacks":null}}',
      }),
    )
    expect(builder).toMatchObject({
      uid: 1001,
      gid: 1000,
      description: 'For tests',
      createdBy: { name: 'Pack CLI', version: '0.40.5' },
      stack: { id: 'acme', mixins: ['git', 'build:make'] },
      lifecycle: {
        version: '0.21.0',
        buildpackApis: { deprecated: [], supported: ['0.11'] },
        platformApis: { deprecated: ['0.7'], supported: ['0.14', '0.15'] },
      },
      runImages: [{ image: 'acme/run', mirrors: ['mirror.example/run'] }],
      buildpacks: [{ id: 'acme/node', version: '1', name: 'Node' }],
      extensions: [],
      order: [{ group: [{ id: 'acme/node', version: '1', optional: true }] }],
      orderExtensions: [],
      system: { pre: [{ id: 'acme/pre', version: '1' }], post: [] },
    })
    expect(builder.buildpackLayers['acme/node']?.['1']).toEqual({ api: '0.11', layerDiffID: DIGEST, targets: [{ os: 'linux' }], name: 'Node' })
  })

  test('reads an old builder with one version of each API and a run image in the stack', () => {
    const old = { stack: { runImage: { image: 'acme/run', mirrors: null } }, lifecycle: { version: '0.6.0', api: { buildpack: '0.2', platform: '0.3' } } }
    const builder = readBuilder(builderImage({ 'io.buildpacks.builder.metadata': JSON.stringify(old) }))
    expect(builder.lifecycle).toEqual({
      version: '0.6.0',
      buildpackApis: { deprecated: [], supported: ['0.2'] },
      platformApis: { deprecated: [], supported: ['0.3'] },
    })
    expect(builder.runImages).toEqual([{ image: 'acme/run', mirrors: [] }])
  })

  test("reads pack's label for no mixins", () => {
    expect(readBuilder(builderImage({ ...valid(), 'io.buildpacks.stack.mixins': 'null' })).stack.mixins).toEqual([])
  })

  test('rejects an image without the label', () => {
    const error = failure(() => readBuilder(builderImage({})))
    expect(error.code).toBe('CNB_BUILDER_INVALID')
    expect(error.message).toMatch(/image 'acme\/builder': it is not a builder/)
    expect(error.hint).toMatch(/cnb builder create/)
  })

  test.each([
    ['metadata that is not JSON', { 'io.buildpacks.builder.metadata': '{' }, /is not JSON/],
    ['metadata that is a list', { 'io.buildpacks.builder.metadata': '[]' }, /must be a table, not a list/],
    ['metadata without a lifecycle', { 'io.buildpacks.builder.metadata': '{}' }, /the lifecycle is missing/],
    ['an invalid API version', { 'io.buildpacks.builder.metadata': '{"lifecycle":{"apis":{"platform":{"supported":["x"]}}}}' }, /'x' is not a platform API version/],
    ['run images in a string', { 'io.buildpacks.builder.metadata': JSON.stringify({ ...METADATA, images: 'acme' }) }, /'io\.buildpacks\.builder\.metadata\.images' must be a list of tables, not a string/],
    ['an order in an object', { ...valid(), [ORDER]: '{}' }, /must be a list/],
    ['an order entry without an id', { ...valid(), [ORDER]: '[{"group":[{}]}]' }, /'io\.buildpacks\.buildpack\.order\[0\]\.group\[0\]\.id' is required/],
    ['a layer without a digest', { ...valid(), [LAYERS]: '{"a":{"1":{"layerDiffID":"x"}}}' }, /'x' is not a digest/],
    ['a label of more than 32 MiB', { ...valid(), [ORDER]: `"${'x'.repeat(32 * 1024 ** 2)}"` }, /'io\.buildpacks\.buildpack\.order' is larger than 33554432 bytes/],
    ['a list of 20000 entries', { ...valid(), [ORDER]: JSON.stringify(Array(20_000).fill({ group: [] })) }, /more than 10000 entries/],
  ])('rejects %s', (_, labels, message) => {
    expect(failure(() => readBuilder(builderImage(labels)))).toMatchObject({ code: 'CNB_BUILDER_INVALID', message: expect.stringMatching(message) as string })
  })

  test.each([
    ['no CNB_USER_ID', ['PATH=/bin', 'CNB_GROUP_ID=1000'], /has no CNB_USER_ID/],
    ['no CNB_GROUP_ID', ['PATH=/bin', 'CNB_USER_ID=1001'], /has no CNB_GROUP_ID/],
    ['a user that is not a number', ['PATH=/bin', 'CNB_USER_ID=cnb', 'CNB_GROUP_ID=1000'], /CNB_USER_ID is 'cnb'/],
    ['a negative user', ['PATH=/bin', 'CNB_USER_ID=-1', 'CNB_GROUP_ID=1000'], /CNB_USER_ID is '-1'/],
    ['a group beyond 31 bits', ['PATH=/bin', 'CNB_USER_ID=1', 'CNB_GROUP_ID=2147483648'], /CNB_GROUP_ID is '2147483648'/],
    ['root', ['PATH=/bin', 'CNB_USER_ID=0', 'CNB_GROUP_ID=0'], /must not run as root/],
    ['no PATH', ['CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'], /has no PATH/],
  ])('rejects an environment with %s', (_, env, message) => {
    expect(failure(() => readBuilder(builderImage(valid(), env)))).toMatchObject({ code: 'CNB_BUILDER_INVALID', message: expect.stringMatching(message) as string })
  })

  test('reads a buildpack with the id __proto__', () => {
    const layers = `{"__proto__":{"constructor":{"api":"0.11","layerDiffID":"${DIGEST}"}}}`
    const builder = readBuilder(builderImage({ ...valid(), [LAYERS]: layers }))
    expect(builder.buildpackLayers['__proto__']?.['constructor']?.layerDiffID).toBe(DIGEST)
    expect('toString' in builder.buildpackLayers).toBe(false)
    expect(({} as Record<string, unknown>)['constructor']).toBe(Object)
  })

  test('returns a builder or throws CNB_BUILDER_INVALID for any JSON in any label', () => {
    const labels = ['io.buildpacks.builder.metadata', LAYERS, ORDER, 'io.buildpacks.buildpack.order-extensions', 'io.buildpacks.buildpack.system', 'io.buildpacks.stack.mixins']
    const keys = fc.constantFrom('lifecycle', 'apis', 'api', 'platform', 'supported', 'images', 'image', 'mirrors', 'group', 'id', 'version', 'buildpacks', 'pre', 'layerDiffID', '__proto__')
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'medium' }, fc.jsonValue(), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(keys, tie('value'), { maxKeys: 4 })),
    }))
    const text = fc.oneof(value.map((json) => JSON.stringify(json)), fc.string())
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...labels), text), fc.boolean(), (given, start) => {
        try {
          readBuilder(builderImage({ ...(start ? valid() : {}), ...given }))
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
          expect((error as CnbError).code).toBe('CNB_BUILDER_INVALID')
        }
      }),
      { numRuns: 500 },
    )
  })
})

function valid(): Record<string, string> {
  return { 'io.buildpacks.builder.metadata': JSON.stringify(METADATA) }
}
