/** The errors of resources that are not ready: cause, advice and code, each once. */

import { beforeEach, describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { triggerImage } from '../../../../src/operations/resources/trigger.ts'
import type { Failure } from '../../../../src/operations/resources/scope.ts'
import { rootsOf } from '../../../../src/operations/resources/readiness.ts'
import { BASES, openResourceBench, yamlOf, type ResourceBench } from './resource-bench.ts'

let bench: ResourceBench
beforeEach(async () => {
  bench = await openResourceBench()
})

const shown = (errors: readonly CnbError[]): string[] => errors.flatMap(({ message, hint, code }) => [message, `${hint ?? ''} ${code}`])
/** Applies the bases and an Image; `from` is replaced in both. */
const applied = async (from: string, to: string): Promise<string[]> => shown((await bench.apply(yamlOf(BASES, bench.image('shop')).replace(from, to))).failures)

describe('an error', () => {
  test.each([
    ['a buildpack that the store lacks', 'id: test/java}', 'id: test/jaav}', [
      "cannot create Builder default/base: could not find buildpack with id 'test/jaav'", "Did you mean 'test/java'? CNB_BUILDPACK_NOT_FOUND",
    ]],
    ['a store that does not exist', 'store: {kind: ClusterStore, name: default}', 'store: {kind: ClusterStore, name: other}', [
      'cannot create Builder default/base: clusterstore.kpack.io "other" not found', 'Apply it, or correct the Builder. CNB_NOT_READY',
    ]],
    ['a stack that does not exist', 'stack: {kind: ClusterStack, name: base}', 'stack: {kind: ClusterStack, name: other}', [
      'cannot create Builder default/base: clusterstack.kpack.io "other" not found', 'Apply it, or correct the Builder. CNB_NOT_READY',
    ]],
    ['a lifecycle that does not exist', 'store: {kind: ClusterStore, name: default}', 'lifecycle: {kind: ClusterLifecycle, name: other}\n  store: {kind: ClusterStore, name: default}', [
      'cannot create Builder default/base: clusterlifecycle.kpack.io "other" not found', 'Apply it, or correct the Builder. CNB_NOT_READY',
    ]],
    ['a builder that does not exist', 'builder: {kind: Builder, name: base}', 'builder: {kind: ClusterBuilder, name: other}', [
      'cannot build Image default/shop: clusterbuilder.kpack.io "other" not found', 'Apply it, or correct the Image. CNB_NOT_READY',
    ]],
    ['an image of a store that is not in its registry', 'registry.example/java', 'registry.example/jaav', [
      "cannot resolve ClusterStore default: no registry has an image 'registry.example/jaav'", 'Push the image, or correct its name in the resource. CNB_IMAGE_NOT_FOUND',
    ]],
    ['images of another stack', 'id: test.stack', 'id: other', [
      'cannot resolve ClusterStack base: invalid stack images. expected stack: other, build image stack: test.stack, run image stack: test.stack',
      'Correct spec.id, or use images of that stack. CNB_IMAGE_INVALID',
    ]],
    ['a lifecycle that is another image', 'registry.example/lifecycle', 'registry.example/java', [
      'cannot resolve ClusterLifecycle default-lifecycle: could not find label io.buildpacks.builder.metadata',
      "Use an image of the lifecycle instead of 'registry.example/java'. CNB_LIFECYCLE_INVALID",
    ]],
    ['a branch that does not exist', 'revision: main', 'revision: mian', [
      "cannot resolve the source of Image default/shop: cannot find the revision 'mian' in SOURCE: no branch or tag has this name",
      'Use a branch, a tag or a commit, such as "main". CNB_SOURCE_FAILED',
    ]],
    ['a path that the source lacks', 'revision: main}', 'revision: main}, subPath: nope', [
      "cannot build Image default/shop: cannot use the sub-path 'nope' of SOURCE: it does not exist", 'Correct spec.source.subPath. CNB_APP_INVALID',
    ]],
  ])('names the cause of %s once, and what to do', async (_what, from, to, expected) => {
    expect(await applied(from, to)).toEqual(expected.map((line) => line.replace(/SOURCE(?=[: ])/, `file://${bench.repository.path}`)))
    // Errors are not repeated as warnings.
    expect(bench.warnings).toEqual([])
  })
  test('names a buildpack that does not support the stack', async () => {
    bench.put({ name: 'registry.example/java', layers: ['java:2000'], labels: { 'io.buildpacks.buildpack.layers': { 'test/java': { 1: { api: '0.11', layerDiffID: '$DIFF(java)', stacks: [{ id: 'test.stack', mixins: ['git'] }] } } } } })
    expect(await applied('', '')).toEqual([
      'cannot create Builder default/base: validating buildpack test/java@1: stack missing mixin(s): git',
      'Use another version of the buildpack, or a stack and a lifecycle that it supports. CNB_BUILDPACK_INVALID',
    ])
  })
  test('names a registry that refuses the credentials', async () => {
    bench.registry.intercept = async (request, response) => {
      if (!request.url?.includes('/java/')) return false
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}')
      return true
    }
    const [message, advice] = await applied('', '')
    expect(message).toMatch(/^cannot resolve ClusterStore default: cannot read the manifest of \S+\/java:latest: .*wrong password/)
    expect(advice).toBe("Add a Secret for the registry to the resource's service account, or run 'docker login'. CNB_REGISTRY_DENIED")
  })
  test('names no option of cnb build if detection fails', async () => {
    bench.make = () => Promise.reject(new CnbError('CNB_DETECT_FAILED', 'detector: no group of buildpacks fits this app', { hint: 'Use --path.' }))
    expect(await applied('', '')).toEqual([
      'cannot build Image default/shop: detector: no group of buildpacks fits this app',
      "Correct the order of its builder, or spec.source.subPath; 'cnb logs' shows why no group fits. CNB_DETECT_FAILED",
    ])
  })
  test('has the words of the condition for a build of an earlier run', async () => {
    const { make } = bench
    bench.make = () => Promise.reject(new Error('it broke'))
    await applied('', '')
    bench.make = make
    expect(await applied('', '')).toEqual([
      "cannot build Image default/shop: Build 'shop-build-1' in namespace 'default' failed: it broke",
      "Correct the cause: 'cnb logs shop -n default' shows the build, and 'cnb trigger image shop -n default' repeats it. CNB_NOT_READY",
    ])
  })
  test('is one for all resources that wait for the same', async () => {
    const { failures, resources } = await bench.apply(yamlOf(BASES.replace('base/build', 'base/absent'), bench.image('shop'), bench.image('blog')))
    expect(failures.map(({ message }) => message)).toEqual(["cannot resolve ClusterStack base: no registry has an image 'registry.example/base/absent'"])
    expect(resources.map(({ name, waitsFor }) => [name, waitsFor]).filter(([, waitsFor]) => waitsFor !== undefined)).toEqual(['base', 'shop', 'blog'].map((name) => [name, 'clusterstack.kpack.io/base']))
    // Conditions have kpack's texts.
    expect((await bench.imageOf('shop')).status?.conditions?.[0]?.message).toBe("Error: Builder 'base' is not ready in namespace 'default'; Message: Builder has no latestImage")
  })
  test('names the broken builder and the source that cannot be resolved at once', async () => {
    const yaml = yamlOf(BASES.replace('id: test/java}', 'id: none}'), bench.image('shop', { url: 'file:///nonexistent' }))
    const expected = [expect.stringMatching(/^cannot create Builder default\/base: /), expect.stringMatching(/^cannot resolve the source of Image default\/shop: /)]
    expect((await bench.plan(yaml)).failures.map(({ message }) => message)).toEqual(expected)
    expect((await bench.apply(yaml)).failures.map(({ message }) => message)).toEqual(expected)
    expect((await triggerImage({ name: 'shop' }, bench.store, bench.services, {})).failures.map(({ message }) => message)).toEqual(expected)
    expect(bench.warnings).toEqual([])
  })
  test('shows a path relative to the source, without the temporary directory', async () => {
    bench.make = ({ path = '' }) => Promise.reject(new CnbError('CNB_DESCRIPTOR_INVALID', `cannot read ${path}/project-prod.toml: it does not exist`))
    expect((await applied('', ''))[0]).toBe('cannot build Image default/shop: cannot read project-prod.toml: it does not exist')
    expect((await bench.imageOf('shop')).status?.conditions?.[0]?.message).toContain('cannot read project-prod.toml:')
  })
  test('is reported for a builder that keeps its last image', async () => {
    await bench.apply(BASES)
    const { failures, resources } = await bench.apply(BASES.replace('id: test/java}', 'id: none}'))
    expect(failures.map(({ message }) => message)).toEqual(["cannot update Builder default/base: could not find buildpack with id 'none'"])
    expect(resources.at(-1)).toMatchObject({ kind: 'Builder', ready: 'True' })
  })
  test('is a warning for a resource that the files do not have', async () => {
    await bench.apply(yamlOf(BASES, bench.image('shop', { url: 'file:///nonexistent' })))
    const { failures } = await bench.apply(bench.image('blog'))
    expect(failures).toEqual([])
    expect(bench.warnings).toEqual(["cannot resolve the source of Image default/shop: cannot read file:///nonexistent: '/nonexistent' does not appear to be a git repository"])
  })
})

describe('a plan', () => {
  test('shows the cause in the line of its resource, and what waits for it', async () => {
    const { resources, changes } = await bench.plan(yamlOf(BASES.replace('id: test/java}', 'id: none}'), bench.image('shop'), bench.image('blog')))
    expect(resources.filter(({ action }) => action === 'unknown').map(({ kind, name, reason }) => `${kind} ${name}: ${reason}`)).toEqual([
      "Builder base: could not find buildpack with id 'none'", 'Image shop: waits for builder.kpack.io/base', 'Image blog: waits for builder.kpack.io/base',
    ])
    expect([changes, bench.warnings]).toEqual([true, []])
  })
  test('shows the cause of a source that cannot be resolved', async () => {
    const { resources } = await bench.plan(yamlOf(BASES, bench.image('shop', { url: 'file:///nonexistent' })))
    expect(resources.at(-1)).toMatchObject({ action: 'unknown', reason: "cannot read file:///nonexistent: '/nonexistent' does not appear to be a git repository" })
    expect(bench.warnings).toEqual([])
  })
})

describe('a trigger', () => {
  test('reports the cause of the builder', async () => {
    await bench.apply(yamlOf(BASES.replace('id: test/java}', 'id: none}'), bench.image('shop')))
    const { failures } = await triggerImage({ name: 'shop' }, bench.store, bench.services, {})
    expect(failures.map(({ message }) => message)).toEqual(["cannot create Builder default/base: could not find buildpack with id 'none'"])
  })
})

describe('a service account that does not exist', () => {
  test('causes a warning', async () => {
    await bench.apply(yamlOf(BASES, bench.image('shop', { more: '  serviceAccountName: ci' })))
    expect(bench.warnings).toEqual(["ServiceAccount default/ci does not exist: its resources get this user's own credentials"])
  })
})

describe('a condition without a cause', () => {
  test('has a text too', async () => {
    const resources = await bench.resources()
    const status = { conditions: [{ type: 'Ready' as const, status: 'Unknown' as const, lastTransitionTime: '' }] }
    const [root] = rootsOf({ apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStack', metadata: { name: 'x' }, status }, { resources, failures: new Map<string, Failure>() })
    expect(root).toMatchObject({ verb: 'use', cause: { message: 'its status is unknown' } })
  })
})
