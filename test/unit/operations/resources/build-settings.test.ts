import { describe, expect, test } from 'vitest'
import { buildOptions } from '../../../../src/operations/resources/images/build-settings.ts'
import { Resources } from '../../../../src/operations/resources/resources.ts'
import type { Build, BuildSpec } from '../../../../src/resources/kinds/build.ts'
import { MemoryStore } from '../../../support/fakes/memory-store.ts'
import { containing } from '../../../support/matching.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Returns the options for a Build next to a ConfigMap, Secrets and a service account, which lists one of them. */
async function optionsFor(spec: Partial<BuildSpec>) {
  const store = new MemoryStore()
  const core = (kind: string, name: string, more: object): Promise<unknown> => store.write({ apiVersion: 'v1', kind, metadata: { name, namespace: 'default' }, ...more })
  await core('ConfigMap', 'settings', { data: { level: 'high', kind: 'mysql', empty: '' } })
  await core('Secret', 'db', { data: { type: base64('mysql'), password: base64('\u0000é') } })
  await core('Secret', 'push', { data: { password: base64('x') } })
  await core('ServiceAccount', 'other', { secrets: [{ name: 'push' }] })
  const build = {
    apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name: 'shop-build-1', namespace: 'default' },
    spec: { tags: ['example.com/shop', 'example.com/shop:b1'], builder: { image: 'example.com/builder@sha256:1' }, source: {}, ...spec },
  } as Build
  return buildOptions(build, { path: '/source' }, { resources: await Resources.read(store, {}), options: { network: 'host' } })
}

const bindingsOf = async (spec: Partial<BuildSpec>): Promise<unknown> =>
  (await optionsFor(spec)).bindings?.map(({ name, files }) => ({ name, files: Object.fromEntries([...files].map(([key, content]) => [key, content.toString()])) }))

describe('the options of a build', () => {
  test('takes tags, limits, cache and process from the spec', async () => {
    expect(await optionsFor({
      runImage: { image: 'example.com/run' }, projectDescriptorPath: 'a/project.toml', defaultProcess: 'web', creationTime: '5', cache: { registry: { tag: 'example.com/cache' } },
      resources: { limits: { memory: '1Gi', cpu: '1500m' } },
    })).toMatchObject({
      image: 'example.com/shop', tags: ['example.com/shop:b1'], path: '/source', builder: 'example.com/builder@sha256:1', runImage: 'example.com/run', descriptor: '/source/a/project.toml',
      defaultProcess: 'web', creationTime: '5', cacheImage: 'example.com/cache', memory: String(1024 ** 3), cpus: '1.5', network: 'host', publish: true,
    })
  })
  test('needs tags and a builder', async () => {
    await expect(optionsFor({ tags: [] })).rejects.toThrow('it has no tags')
    await expect(optionsFor({ builder: { image: '' } })).rejects.toThrow('it has no image of the builder')
  })
})

describe('the variables of a build', () => {
  const fromMap = (key: string, more: object = {}) => ({ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key, ...more } } })
  test('reads variables from values, ConfigMaps and fields of the Build', async () => {
    const env = [{ name: 'PLAIN', value: 'a=b' }, { name: 'NONE' }, fromMap('level'), fromMap('empty'), { name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, { name: 'NS', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }]
    expect((await optionsFor({ env })).env).toEqual(['PLAIN=a=b', 'NONE=', 'A=high', 'A=', 'ME=shop-build-1', 'NS=default'])
  })
  test('leaves out optional variables without a value', async () => {
    expect((await optionsFor({ env: [fromMap('absent', { optional: true }), { name: 'B', valueFrom: { configMapKeyRef: { name: 'absent', key: 'x', optional: true } } }] })).env).toEqual([])
  })
  test.each([
    [fromMap('absent'), "ConfigMap 'settings' has no key 'absent' for the variable A"],
    [fromMap('constructor'), "ConfigMap 'settings' has no key 'constructor' for the variable A"],
    [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }, 'the variable A has a source that exists only in a cluster'],
    [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'constructor' } } }, 'the variable A has a source that exists only in a cluster'],
  ])('refuses variables without a value: %j', async (variable, message) => {
    await expect(optionsFor({ env: [variable] })).rejects.toMatchObject({ code: 'CNB_RESOURCE_INVALID', message: containing(message) })
  })
})

describe('the bindings of a build', () => {
  test('reads the Secrets of services', async () => {
    expect(await bindingsOf({ services: [{ kind: 'Secret', name: 'db' }] })).toEqual([{ name: 'db', files: { type: 'mysql', password: '\u0000é' } }])
  })
  test('puts the ConfigMap and the Secret of legacy bindings into directories', async () => {
    expect(await bindingsOf({ cnbBindings: [{ name: 'old', metadataRef: { name: 'settings' }, secretRef: { name: 'db' } }, { name: 'public', metadataRef: { name: 'settings' } }] })).toEqual([
      { name: 'old', files: { 'metadata/level': 'high', 'metadata/kind': 'mysql', 'metadata/empty': '', 'secret/type': 'mysql', 'secret/password': '\u0000é' } },
      { name: 'public', files: { 'metadata/level': 'high', 'metadata/kind': 'mysql', 'metadata/empty': '' } },
    ])
  })
  test.each([
    [{ services: [{ kind: 'Secret', name: 'push' }] }, 'build rejected: service "push" uses forbidden secret "push"'],
    [{ cnbBindings: [{ name: 'old', metadataRef: { name: 'settings' }, secretRef: { name: 'push' } }] }, 'uses forbidden secret "push"'],
    [{ services: [{ kind: 'Secret', name: 'absent' }] }, "Secret 'absent' of a service does not exist"],
    [{ services: [{ kind: 'Database', name: 'db' }] }, "the service 'db' is a Database"],
    [{ cnbBindings: [{ name: 'old', metadataRef: { name: 'absent' } }] }, "ConfigMap 'absent' of binding 'old' does not exist"],
  ])('refuses bindings: %j', async (spec, message) => {
    await expect(optionsFor(spec)).rejects.toMatchObject({ code: 'CNB_RESOURCE_INVALID', message: containing(message) })
  })
})
