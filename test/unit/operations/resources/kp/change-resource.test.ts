import { describe, expect, it } from 'vitest'
import { addedToStore, imageOnlySpec, removedFromStore, stackSpec } from '../../../../../src/operations/resources/kp/base-specs.ts'
import { builderSpec, clusterBuilderSpec, readOrder } from '../../../../../src/operations/resources/kp/builder-spec.ts'
import { changeResource, type ResourceChange } from '../../../../../src/operations/resources/kp/change-resource.ts'
import { imageSpec } from '../../../../../src/operations/resources/kp/image-spec.ts'
import type { ScopeServices } from '../../../../../src/operations/resources/open-scope.ts'
import type { ClusterStore } from '../../../../../src/resources/kinds/bases.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'

const services = { remote: { host: { env: {}, cwd: '/work', home: '/home/me' } } } as unknown as ScopeServices

const STORE: ClusterStore = {
  apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStore', metadata: { name: 'default' }, spec: { sources: [{ image: 'r/a' }, { image: 'r/b' }] },
  status: { buildpacks: [{ id: 'b', version: '1', storeImage: { image: 'r/b' } }] },
}

async function change(verb: ResourceChange<'ClusterStore'>['verb'], store: MemoryStore, buildpackages = ['r/c']) {
  return changeResource({ verb, kind: 'ClusterStore', name: 'default', spec: (before) => addedToStore(before, { buildpackages }) }, { dryRun: true }, store, services, {})
}

async function filled(): Promise<MemoryStore> {
  const store = new MemoryStore()
  await store.write(STORE)
  return store
}

describe('a change of a resource', () => {
  it('creates, and returns the document', async () => {
    const { isNew, documents, resources } = await change('create', new MemoryStore())
    expect({ isNew, documents, change: resources[0]?.change }).toEqual({
      isNew: true, change: 'created', documents: [{ apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStore', metadata: { name: 'default' }, spec: { sources: [{ image: 'r/c' }] } }],
    })
  })

  it('changes a stored one, and keeps the rest', async () => {
    const { isNew, documents, resources } = await change('save', await filled())
    expect({ isNew, spec: (documents[0] as ClusterStore).spec, change: resources[0]?.change }).toEqual({
      isNew: false, change: 'configured', spec: { sources: [{ image: 'r/a' }, { image: 'r/b' }, { image: 'r/c' }] },
    })
    expect((await change('patch', await filled(), ['r/a'])).resources[0]?.change).toBe('unchanged')
  })

  it('stores nothing in a dry run', async () => {
    const store = new MemoryStore()
    await change('create', store)
    expect(await store.list({})).toEqual([])
  })

  it('refuses to create a stored one, and to patch an absent one', async () => {
    await expect(change('create', await filled())).rejects.toMatchObject({ code: 'CNB_USAGE', message: 'clusterstores.kpack.io "default" already exists' })
    await expect(change('patch', new MemoryStore())).rejects.toMatchObject({ code: 'CNB_RESOURCE_NOT_FOUND', message: 'clusterstores.kpack.io "default" not found' })
  })

  it('refuses a change that kpack forbids, without a position in documents that no user has', async () => {
    const store = new MemoryStore()
    await store.write({ apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name: 'shop', namespace: 'default' }, spec: { tag: 'example.com/shop', builder: { kind: 'ClusterBuilder', name: 'base' }, source: { git: { url: 'u', revision: 'v1' } }, cache: { volume: { size: '2G' } } } })
    const decreased: ResourceChange<'Image'> = { verb: 'patch', kind: 'Image', name: 'shop', spec: (before) => imageSpec(before, { cacheSize: '1G' }, '/work') }
    const error = await changeResource(decreased, { dryRun: true }, store, services, {}).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: 'cannot patch the Image shop: Image shop: Field cannot be decreased: spec.cache.volume.size\ncurrent: 2G, requested: 1G', position: undefined })
  })

  it('checks the resource as kpack does', async () => {
    await expect(change('create', new MemoryStore(), ['r/A@x'])).rejects.toMatchObject({
      code: 'CNB_RESOURCE_INVALID', message: 'cannot create the ClusterStore default: ClusterStore default: invalid value: {r/A@x}: spec.sources[0]',
    })
  })
})

describe('specs from options', () => {
  it('removes packages of a store by buildpack or image', () => {
    expect(removedFromStore(STORE, { buildpackages: ['b@1'] }).sources).toEqual([{ image: 'r/a' }])
    expect(removedFromStore(STORE, { buildpackages: ['r/a'] }).sources).toEqual([{ image: 'r/b' }])
    expect(() => removedFromStore(STORE, { buildpackages: ['c@1'] })).toThrow("Buildpackage 'c@1' does not exist in the ClusterStore")
  })

  it('has the images of a stack and its ID', () => {
    const spec = stackSpec(undefined, { buildImage: 'r/build', runImage: 'r/run', serviceAccount: 'me' }, 'some.stack')
    expect(spec).toEqual({ id: 'some.stack', buildImage: { image: 'r/build' }, runImage: { image: 'r/run' }, serviceAccountRef: { name: 'me', namespace: 'default' } })
    expect(stackSpec({ spec } as never, { runImage: 'r/run:2' }, undefined)).toEqual({ ...spec, runImage: { image: 'r/run:2' } })
    expect(() => stackSpec(undefined, { buildImage: 'r/build' }, 'x')).toThrow('a ClusterStack needs --build-image and --run-image')
    expect(() => imageOnlySpec(undefined, {})).toThrow('the resource needs --image')
  })

  it('has the template of a builder', () => {
    const order = [{ group: [{ id: 'node' }] }]
    const template = { tag: 'r/b', stack: { kind: 'ClusterStack', name: 'base' }, store: { kind: 'ClusterStore', name: 'default' }, order }
    const options = { tag: 'r/b', stack: 'base', store: 'default' }
    expect(builderSpec(undefined, options, order)).toEqual({ ...template, serviceAccountName: 'default' })
    expect(clusterBuilderSpec(undefined, options, order)).toEqual({ ...template, serviceAccountRef: { name: 'default', namespace: 'default' } })
    const before = { spec: { ...template, additionalLabels: { a: 'b' }, serviceAccountRef: { name: 'x', namespace: 'y' } } } as never
    expect(clusterBuilderSpec(before, { store: 'other' }, undefined)).toEqual({ ...template, additionalLabels: { a: 'b' }, store: { kind: 'ClusterStore', name: 'other' }, serviceAccountRef: { name: 'x', namespace: 'y' } })
    expect(() => builderSpec(undefined, {}, undefined)).toThrow('--tag is required to create the resource')
  })

  it('reads an order from names or standard input', async () => {
    const read = (options: Parameters<typeof readOrder>[0], text = ''): ReturnType<typeof readOrder> => readOrder(options, services.remote, input(text), {})
    expect(await read({ buildpacks: ['node@1.0.0', 'npm'] })).toEqual([{ group: [{ id: 'node', version: '1.0.0' }, { id: 'npm' }] }])
    expect(await read({ order: '-' }, '- group: [{id: node, optional: true}]')).toEqual([{ group: [{ id: 'node', optional: true }] }])
    expect(await read({})).toBeUndefined()
    await expect(read({ order: '-' }, 'a: 1')).rejects.toMatchObject({ code: 'CNB_RESOURCE_INVALID' })
    await expect(read({ order: '-' }, '- group: []\n---\n- group: []')).rejects.toMatchObject({ code: 'CNB_RESOURCE_INVALID', message: 'cannot read -: it is not one list of groups' })
    for (const name of ['', '@1']) await expect(read({ buildpacks: ['node', name] })).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot read the buildpack '${name}': it has no ID` })
    await expect(read({ order: import.meta.dirname })).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot read '${import.meta.dirname}': is a directory` })
    await expect(read({ order: 'absent' })).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot read 'absent': it does not exist" })
    await expect(read({ order: '-', buildpacks: ['a'] })).rejects.toThrow('only one of --order, --buildpack, or --order-from can be specified')
  })
})

async function* input(text: string): AsyncIterable<Buffer> {
  yield Buffer.from(text)
}
