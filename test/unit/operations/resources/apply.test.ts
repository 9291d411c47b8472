/** `cnb apply` with resources in memory, a registry, and builds that are fakes. */

import { beforeEach, describe, expect, test } from 'vitest'
import { containing } from '../../../support/matching.ts'
import { BASES, openResourceBench, yamlOf, type ResourceBench } from './resource-bench.ts'

let bench: ResourceBench
beforeEach(async () => {
  bench = await openResourceBench()
})

const reasonsOf = async (name: string): Promise<(string | undefined)[]> => (await bench.buildsOf(name)).map(({ metadata }) => metadata.annotations?.['image.kpack.io/reason'])
const changesOf = ({ resources }: { resources: readonly { kind: string; name: string; change: string }[] }): string[] => resources.map(({ kind, name, change }) => `${kind}/${name} ${change}`)

describe('an application', () => {
  test('publishes the builder, builds the image, and then has nothing to do', async () => {
    const yaml = yamlOf(bench.image('shop'), BASES)
    const first = await bench.apply(yaml)
    expect(changesOf(first)).toEqual(['ClusterLifecycle/default-lifecycle created', 'ClusterStack/base created', 'ClusterStore/default created', 'Builder/base created', 'Image/shop created'])
    expect(first.failures).toEqual([])
    const shop = first.resources.at(-1)
    expect(shop).toMatchObject({ ready: 'True', build: { name: 'shop-build-1', reason: 'CONFIG' }, latestImage: containing('registry.example/shop@sha256:') })
    expect(bench.builds).toMatchObject([{ image: 'registry.example/shop', publish: true, builder: containing('registry.example/builder:'), runImage: containing('-run-image@sha256:') }])
    expect(await reasonsOf('shop')).toEqual(['CONFIG'])
    expect((await bench.buildsOf('shop'))[0]?.spec.cache).toEqual({ volume: { persistentVolumeClaimName: 'shop-cache' } })
    const before = bench.contents()
    const second = await bench.apply(yaml)
    expect(changesOf(second).every((line) => line.endsWith(' unchanged'))).toBe(true)
    const { action: _, build: __, ...same } = shop!
    expect(second.resources.at(-1)).toEqual({ ...same, change: 'unchanged' })
    expect([bench.builds.length, bench.contents()]).toEqual([1, before])
  })
  test('builds a new commit, and rebases onto a patched run image without a build', async () => {
    const yaml = yamlOf(BASES, bench.image('shop'))
    await bench.apply(yaml)
    bench.repository.commit('app.js', 'serve(2)')
    await bench.apply(yaml)
    bench.patchRunImage('patched')
    const { resources } = await bench.apply(yaml)
    expect(await reasonsOf('shop')).toEqual(['CONFIG', 'COMMIT', 'STACK'])
    expect(bench.builds).toHaveLength(2)
    const [, built, rebased] = await bench.buildsOf('shop')
    expect(rebased?.status?.latestImage).not.toBe(built?.status?.latestImage)
    expect(rebased?.status?.stack?.runImage).not.toBe(built?.status?.stack?.runImage)
    expect(resources.at(-1)?.latestImage).toBe(rebased?.status?.latestImage)
    expect((await bench.logOf('shop-build-3')).slice(0, 2)).toEqual(['===> REBASE', 'Build reason(s): STACK'])
  })
  test('continues with other images if a base, a builder or a source is not ready', async () => {
    const broken = `
apiVersion: kpack.io/v1alpha2
kind: ClusterStack
metadata: {name: broken}
spec: {id: x, buildImage: {image: registry.example/absent}, runImage: {image: registry.example/absent}}`
    const { failures, resources } = await bench.apply(yamlOf(BASES, broken, bench.image('lost', { builder: 'absent' }), bench.image('far', { url: 'file:///nonexistent' }), bench.image('shop')))
    expect(failures.map(({ message }) => message)).toEqual([
      "cannot resolve ClusterStack broken: no registry has an image 'registry.example/absent'",
      'cannot build Image default/lost: builder.kpack.io "absent" not found',
      "cannot resolve the source of Image default/far: cannot read file:///nonexistent: '/nonexistent' does not appear to be a git repository",
    ])
    expect(resources.find(({ name }) => name === 'shop')?.ready).toBe('True')
    expect(bench.warnings).toEqual([])
  })
  test('keeps images and buildpacks of registries that cannot be reached, says so in the conditions, and builds', async () => {
    bench.put({ name: 'registry.example/go', layers: ['go:2000'], labels: { 'io.buildpacks.buildpack.layers': { 'test/go': { 1: { api: '0.11', layerDiffID: '$DIFF(go)' } } } } })
    const yaml = yamlOf(BASES.replace('[{image: registry.example/java}]', '[{image: registry.example/java}, {image: registry.example/go}]'), bench.image('shop'))
    const stateOf = async (): Promise<unknown[]> => {
      const resources = await bench.resources()
      const [{ status: stack }, { status: store }, { status: builder }, { status: shop }] = [resources.list('ClusterStack')[0]!, resources.list('ClusterStore')[0]!, resources.list('Builder')[0]!, await bench.imageOf('shop')]
      return [stack?.runImage?.latestImage, store?.buildpacks?.map(({ id }) => id), builder?.latestImage, ...[stack, store, builder, shop].flatMap((status) => status?.conditions?.map(({ type, status, message }) => `${type} ${status}${message === undefined ? '' : ` ${message}`}`) ?? [])]
    }
    await bench.apply(yaml)
    const [runImage, buildpacks, latestImage, ...conditions] = await stateOf()
    bench.outages.add('base/run').add('java')
    bench.repository.commit('app.js', 'serve(2)')
    const { failures } = await bench.apply(yaml)
    expect(failures.map(({ message }) => message)).toEqual(['cannot resolve ClusterStack base: cannot reach registry.example: connection refused', 'cannot resolve ClusterStore default: registry.example/java: cannot reach registry.example: connection refused'])
    expect(await stateOf()).toEqual([
      runImage, buildpacks, latestImage, 'Ready False cannot reach registry.example: connection refused', 'Ready False registry.example/java: cannot reach registry.example: connection refused',
      'Ready True', "UpToDate False Error: clusterstack 'base' is not ready", 'Ready True', 'BuilderReady True', 'BuilderUpToDate False Builder is not up to date. The latest stack and buildpacks may not be in use.',
    ])
    expect((await bench.buildsOf('shop')).at(-1)?.metadata.annotations?.['image.kpack.io/reason']).toBe('COMMIT')
    bench.outages.clear()
    await bench.apply(yaml)
    expect(await stateOf()).toEqual([runImage, buildpacks, latestImage, ...conditions])
    expect(await bench.buildsOf('shop')).toHaveLength(2)
  })
  test.each(['Builder', 'ClusterBuilder'])("builds with an existing image, as the first %s of kpack's articles", async (kind) => {
    const metadata = { description: '', lifecycle: { version: '9', apis: { buildpack: { supported: ['0.11'] }, platform: { supported: ['0.15'] } } }, images: [{ image: 'registry.example/base/run' }], buildpacks: [{ id: 'test/java', version: '1' }] }
    const digest = bench.put({ name: 'registry.example/ready', layers: ['build:500'], env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'], labels: { 'io.buildpacks.stack.id': 'test.stack', 'io.buildpacks.builder.metadata': metadata } })
    const builder = `apiVersion: build.pivotal.io/v1alpha1\nkind: ${kind}\nmetadata: {name: old}\nspec: {image: registry.example/ready, updatePolicy: polling}`
    const image = bench.image('shop', { builder: 'old' }).replace('kind: Builder', `kind: ${kind}`)
    const { failures } = await bench.apply(yamlOf(builder, image))
    expect([failures, bench.builds]).toMatchObject([[], [{ builder: `registry.example/ready@${digest}`, runImage: containing('registry.example/base/run@sha256:') }]])
    bench.patchRunImage('patched')
    await bench.apply(yamlOf(builder, image))
    expect(await reasonsOf('shop')).toEqual(['CONFIG', 'STACK'])
  })
  test('adds the lifecycle that kpack installs, and takes that of a later file', async () => {
    const [lifecycle = '', ...others] = BASES.split('---\n')
    const withoutLifecycle = yamlOf(others.join('---\n'), bench.image('shop'))
    bench.put({ name: 'buildpacksio/lifecycle', layers: ['lifecycle:3000'], labels: { 'io.buildpacks.builder.metadata': { lifecycle: { version: '8' } }, 'io.buildpacks.lifecycle.apis': { buildpack: { supported: ['0.11'] }, platform: { supported: ['0.15'] } } } })
    expect((await bench.plan(withoutLifecycle)).resources.map(({ name, action }) => `${name} ${action}`)).toContain('shop build')
    const { failures } = await bench.apply(withoutLifecycle)
    expect([failures, await reasonsOf('shop')]).toEqual([[], ['CONFIG']])
    expect(bench.warnings.at(-1)).toBe('no file has the ClusterLifecycle default-lifecycle, which kpack installs: it is created with the image buildpacksio/lifecycle')
    expect(changesOf(await bench.apply(lifecycle))).toEqual(['ClusterLifecycle/default-lifecycle configured'])
    expect((await bench.resources()).find('ClusterLifecycle', { name: 'default-lifecycle' })?.status?.version).toBe('9')
  })
  test("continues from a cluster's resources with their status", async () => {
    await bench.apply(yamlOf(BASES, bench.image('shop')))
    const resources = await bench.resources()
    const cluster = { resourceVersion: '7', uid: 'u', generation: 3, managedFields: [{ manager: 'kubectl', operation: 'Update' }], finalizers: ['a/b'] }
    const items = [...resources.list('Image'), ...resources.list('Build')].map((each) => ({ ...each, metadata: { ...each.metadata, ...cluster } }))
    bench.builds.length = 0
    bench.state.resources.clear()
    const { failures } = await bench.apply(yamlOf(BASES, JSON.stringify({ apiVersion: 'v1', kind: 'List', items })))
    expect([failures, bench.builds, await reasonsOf('shop')]).toEqual([[], [], ['CONFIG']])
    expect((await bench.imageOf('shop')).status).toMatchObject({ latestBuildRef: 'shop-build-1', buildCounter: 1, latestImage: containing('registry.example/shop@sha256:') })
    bench.repository.commit('app.js', 'serve(3)')
    await bench.apply('')
    expect(await reasonsOf('shop')).toEqual(['CONFIG', 'COMMIT'])
  })
  test('says why a builder has no image', async () => {
    const { failures } = await bench.apply(yamlOf(BASES.replace('test/java', 'test/absent')))
    expect(failures.map(({ message }) => message)).toEqual(["cannot create Builder default/base: could not find buildpack with id 'test/absent'"])
  })
  test('stores the failure of a build, does not repeat it, and builds the others', async () => {
    const { make } = bench
    bench.make = (options, ...rest) => (options.image.endsWith('/bad') ? Promise.reject(new Error('it broke')) : make(options, ...rest))
    const yaml = yamlOf(BASES, bench.image('bad'), bench.image('shop'))
    const { failures } = await bench.apply(yaml)
    expect(failures).toMatchObject([{ code: 'CNB_INTERNAL', message: 'cannot build Image default/bad: it broke' }])
    expect((await bench.imageOf('shop')).status?.latestImage).toBeDefined()
    expect(await bench.logOf('bad-build-1')).toContainEqual(containing('it broke'))
    await bench.apply(yaml)
    expect(await bench.buildsOf('bad')).toHaveLength(1)
  })
  test.each([
    ['a Secret of the service account', { more: '' }, (value: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: default}\nstringData: {key: ${value}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: default}\nsecrets: [{name: login}]`],
    ['the Secret of a service', { more: '  build: {services: [{kind: Secret, name: login}]}' }, (value: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: default}\nstringData: {key: ${value}}`],
    ['a ConfigMap', { more: '  build: {env: [{name: A, valueFrom: {configMapKeyRef: {name: login, key: key}}}]}' }, (value: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: login, namespace: default}\ndata: {key: ${value}}`],
  ])('tries a failed build again after %s changed', async (_what, options, secret) => {
    const { make } = bench
    bench.make = () => Promise.reject(new Error('denied'))
    const image = bench.image('shop', options)
    await bench.apply(yamlOf(BASES, image, secret('one')))
    bench.make = make
    await bench.apply(yamlOf(BASES, image, secret('one')))
    expect(await reasonsOf('shop')).toEqual(['CONFIG'])
    await bench.apply(yamlOf(BASES, image, secret('two')))
    expect(await reasonsOf('shop')).toEqual(['CONFIG', containing('RETRY')])
    expect((await bench.imageOf('shop')).status?.conditions?.[0]).toMatchObject({ type: 'Ready', status: 'True' })
  })
  test('ends a build that takes longer than its buildTimeout', async () => {
    bench.make = (_options, _services, { signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
    const { failures } = await bench.apply(yamlOf(BASES, bench.image('slow', { more: '  build: {buildTimeout: 1}' })))
    expect(failures.map(({ message }) => message)).toEqual([containing('the build takes longer than its buildTimeout of 1 s')])
  })
  test('does not end builds with a buildTimeout that no timer can wait for', async () => {
    const { failures } = await bench.apply(yamlOf(BASES, bench.image('slow', { more: '  build: {buildTimeout: 5000000}' })))
    expect(failures).toEqual([])
  })
})

describe('a Build that a user applied', () => {
  const single = `\n---\napiVersion: kpack.io/v1alpha2\nkind: Build\nmetadata: {name: once}\nspec:\n  tags: [registry.example/apps/once]\n  builder: {ref: {kind: Builder, name: base}}\n  runImage: {image: "registry.example/run@sha256:${'a'.repeat(64)}"}\n  source: {git: {url: "URL", revision: main}}\n`
  test('runs once, with the latest image of its builder', async () => {
    const yaml = BASES + single.replace('URL', bench.repository.path)
    expect((await bench.apply(yaml)).failures).toEqual([])
    expect((await bench.apply(yaml)).failures).toEqual([])
    expect(bench.builds.map(({ image, builder }) => [image, builder?.split('@')[0]])).toEqual([['registry.example/apps/once', 'registry.example/builder:builder-default-base']])
  })
})

describe('an application that is interrupted', () => {
  const interrupted = async (): Promise<string> => {
    const { make } = bench
    const stop = new AbortController()
    bench.make = () => {
      stop.abort(new Error('Ctrl-C'))
      return Promise.reject(new Error('stopped'))
    }
    const yaml = yamlOf(BASES, bench.image('shop'))
    await expect(bench.apply(yaml, {}, { signal: stop.signal })).rejects.toThrow('Ctrl-C')
    bench.make = make
    return yaml
  }
  test('leaves a failed build, which the next application repeats', async () => {
    const yaml = await interrupted()
    expect((await bench.buildsOf('shop'))[0]?.status?.conditions).toMatchObject([{ status: 'False', message: 'Error: the build was interrupted' }])
    expect(bench.state.isLocked).toBe(false)
    const { failures } = await bench.apply(yaml)
    expect(failures).toEqual([])
    expect(await reasonsOf('shop')).toEqual(['CONFIG', containing('RETRY')])
  })
  const killed = async (): Promise<string> => {
    const yaml = await interrupted()
    // As `kill -9` leaves it.
    const [build] = await bench.buildsOf('shop')
    const { version } = (await bench.store.list({ named: (name) => name === 'shop-build-1' }))[0]!
    await bench.store.writeStatus({ type: { group: 'kpack.io', kind: 'Build' }, namespace: 'default', name: build!.metadata.name }, { conditions: [{ type: 'Succeeded', status: 'Unknown' }] }, version)
    return yaml
  }
  test('repeats a build that a dead process left running', async () => {
    const yaml = await killed()
    expect((await bench.apply(yaml)).failures).toEqual([])
    expect(await reasonsOf('shop')).toEqual(['CONFIG', containing('RETRY')])
  })
  test('removes such a build if it decides as kpack', async () => {
    const yaml = await killed()
    expect((await bench.apply(yaml, { kpackCompatible: true })).failures).toEqual([])
    expect(await reasonsOf('shop')).toEqual(['CONFIG'])
  })
  test('repeats a rebase if a dead process did not store its result', async () => {
    const yaml = yamlOf(BASES, bench.image('shop'))
    await bench.apply(yaml)
    const { store } = bench
    const writeStatus = store.writeStatus.bind(store)
    const stored: string[] = []
    store.writeStatus = (key, ...given) => {
      stored.push(key.type.kind)
      return key.type.kind === 'Build' ? Promise.reject(new Error('killed')) : writeStatus(key, ...given)
    }
    bench.patchRunImage('patched')
    await expect(bench.apply(yaml)).rejects.toThrow('killed')
    store.writeStatus = writeStatus
    // Nothing is stored about a rebase before its result, except for its Build.
    expect(stored.filter((kind) => kind === 'Image' || kind === 'Build')).toEqual(['Build'])
    expect((await bench.buildsOf('shop'))[1]?.status).toBeUndefined()
    expect((await bench.apply(yaml)).failures).toEqual([])
    const [, left, repeated] = await bench.buildsOf('shop')
    expect([left, repeated].map((build) => build?.status?.conditions?.[0]?.status)).toEqual(['False', 'True'])
  })
  test('does not count a result that cannot be stored as a failure of the build', async () => {
    const { make, store } = bench
    const writeStatus = store.writeStatus.bind(store)
    bench.make = async (...given) => {
      const result = await make(...given)
      store.writeStatus = () => Promise.reject(new Error('disk full'))
      return result
    }
    const yaml = yamlOf(BASES, bench.image('shop'))
    await expect(bench.apply(yaml)).rejects.toThrow('disk full')
    store.writeStatus = writeStatus
    expect((await bench.buildsOf('shop'))[0]?.status?.conditions).toMatchObject([{ status: 'Unknown' }])
    bench.make = make
    expect((await bench.apply(yaml)).failures).toEqual([])
    expect(await reasonsOf('shop')).toEqual(['CONFIG', containing('RETRY')])
  })
})

describe('a dry run', () => {
  test('reports what would be stored, and writes nothing', async () => {
    const { resources, dryRun } = await bench.apply(yamlOf(BASES, bench.image('shop')), { dryRun: true })
    expect([dryRun, resources.every(({ change }) => change === 'created')]).toEqual([true, true])
    expect([bench.state.count, bench.builds.length, bench.registry.requests.length]).toEqual([0, 0, 0])
  })
})

describe('pruning', () => {
  test('needs a selector', async () => {
    await expect(bench.apply(BASES, { prune: true })).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })
  test('removes selected resources that no file has, with their builds', async () => {
    const long = 'a'.repeat(60)
    await bench.apply(yamlOf(BASES, bench.image('shop', { labels: '{team: shop}' }), bench.image(long, { labels: '{team: shop}' }), bench.image('other')))
    const { resources } = await bench.apply(yamlOf(BASES, bench.image('shop', { labels: '{team: shop}' })), { prune: true, selector: 'team=shop' })
    expect(resources.filter(({ change }) => change === 'pruned').map(({ name }) => name)).toEqual([long])
    const left = await bench.resources()
    expect(left.list('Image').map(({ metadata }) => metadata.name).sort()).toEqual(['other', 'shop'])
    expect(left.list('Build').map(({ metadata }) => metadata.labels?.['image.kpack.io/image']).sort()).toEqual(['other', 'shop'])
    expect(left.list('SourceResolver')).toHaveLength(2)
  })
})

describe('a change that kpack forbids', () => {
  test('is refused before anything is stored', async () => {
    await bench.apply(yamlOf(BASES, bench.image('shop')))
    const before = bench.contents()
    await expect(bench.apply(bench.image('shop').replace('registry.example/shop', 'registry.example/other'))).rejects.toMatchObject({ code: 'CNB_RESOURCE_INVALID', message: containing('spec.tag') })
    expect(bench.contents()).toEqual(before)
  })
})

describe('a local source', () => {
  test('is built again when its files change', async () => {
    const yaml = yamlOf(BASES, bench.image('shop').replace(/source: .*/, `source: {local: {path: ${bench.repository.path}}}`))
    await bench.apply(yaml)
    await bench.apply(yaml)
    expect(bench.builds).toHaveLength(1)
    bench.repository.commit('app.js', 'serve(22)')
    await bench.apply(yaml)
    expect(await reasonsOf('shop')).toEqual(['CONFIG', 'COMMIT'])
  })
})
