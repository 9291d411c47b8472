import { afterEach, beforeEach, expect, test } from 'vitest'
import { resolveBuildpack, resolveStore } from '../../../../../src/operations/resources/builders/resolve-store.ts'
import type { Registries } from '../../../../../src/registry/registry.ts'
import { MemoryRegistry } from '../../../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../../../support/registry/registry-client.ts'
import { namedRegistries, store } from './golden-images.ts'

const platform = { os: 'linux', architecture: 'amd64' }
const label = 'io.buildpacks.buildpack.layers'

let registry: MemoryRegistry
let client: TestClient
let registries: Registries

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
  registries = namedRegistries(client.registries, registry)
  const good = (id: string) => ({ [label]: { [id]: { 1: { api: '0.11', layerDiffID: '$DIFF(a)' } } } })
  store(registry, { name: 'registry.example/good:1', layers: ['a:10'], labels: good('test/b') })
  store(registry, { name: 'registry.example/good:2', layers: ['a:10'], labels: good('test/a') })
  store(registry, { name: 'registry.example/plain:1', layers: ['a:10'] })
  store(registry, { name: 'registry.example/extension:1', layers: ['a:10'], labels: { 'io.buildpacks.extension.layers': { 'test/x': { 1: { api: '0.11', layerDiffID: '$DIFF(a)' } } } } })
  store(registry, { name: 'registry.example/hostile:1', layers: ['a:10'], labels: { [label]: '{"__proto__":{"1":{"api":"0.11","layerDiffID":"$DIFF(a)"}}}' } })
  for (const [tag, value] of Object.entries({ text: '{', list: '[]', digest: '{"a":{"1":{"layerDiffID":"md5:1"}}}', number: '{"a":{"1":7}}' })) {
    store(registry, { name: `registry.example/bad:${tag}`, layers: ['a:10'], labels: { [label]: value } })
  }
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const resolve = (names: string[], kpackCompatible = false) => resolveStore(names.map((name) => ({ image: `registry.example/${name}` })), { registries, platform }, { kpackCompatible }, {})

test('keeps the buildpacks of other sources if one cannot be read', async () => {
  const { buildpacks, errors } = await resolve(['good:1', 'plain:1', 'missing:1', 'good:2'])
  expect(buildpacks.map(({ id }) => id)).toEqual(['test/a', 'test/b'])
  expect(errors.map(({ image, error }) => [image, error.code])).toEqual([['registry.example/plain:1', 'CNB_BUILDPACK_INVALID'], ['registry.example/missing:1', 'CNB_IMAGE_NOT_FOUND']])
})

test('loses all buildpacks if one source cannot be read, as kpack does', async () => {
  await expect(resolve(['good:1', 'plain:1'], true)).rejects.toThrow('could not find label io.buildpacks.buildpack.layers')
})

test('finds image extensions, which kpack rejects', async () => {
  const { extensions, errors } = await resolve(['extension:1', 'good:1'])
  expect({ errors, ids: extensions.map(({ id }) => id) }).toEqual({ errors: [], ids: ['test/x'] })
  await expect(resolve(['extension:1'], true)).rejects.toThrow('could not find label')
})

test('rejects a single package that cannot be read', async () => {
  const read = (image: string) => resolveBuildpack({ image }, { registries, platform }, {}, {})
  expect(await read('registry.example/extension:1')).toMatchObject({ buildpacks: [], extensions: [{ id: 'test/x' }] })
  await expect(read('registry.example/plain:1')).rejects.toThrow('could not find label')
})

test.each(['bad:text', 'bad:list', 'bad:digest', 'bad:number'])('rejects the label of %s', async (name) => {
  const { buildpacks, errors } = await resolve([name])
  expect({ buildpacks, codes: errors.map(({ error }) => error.code) }).toEqual({ buildpacks: [], codes: ['CNB_BUILDPACK_INVALID'] })
})

test('reads an id that is a name of JavaScript', async () => {
  expect((await resolve(['hostile:1'])).buildpacks).toMatchObject([{ id: '__proto__', version: '1' }])
})

test('stops at an abort instead of collecting errors', async () => {
  const signal = AbortSignal.abort(new Error('stop'))
  await expect(resolveStore([{ image: 'registry.example/good:1' }], { registries, platform }, {}, { signal })).rejects.toThrow()
})
