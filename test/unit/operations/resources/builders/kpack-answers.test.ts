/** Compares statuses and builders with kpack's answers: fixtures/golden/kpack/builders/README.md. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { assembleBuilder } from '../../../../../src/operations/resources/builders/assemble-builder.ts'
import { resolveLifecycle } from '../../../../../src/operations/resources/builders/resolve-lifecycle.ts'
import { resolveStack } from '../../../../../src/operations/resources/builders/resolve-stack.ts'
import { resolveBuildpack, resolveStore } from '../../../../../src/operations/resources/builders/resolve-store.ts'
import type { Registries } from '../../../../../src/registry/registry.ts'
import type { Buildpack, ClusterBuildpack } from '../../../../../src/resources/kinds/bases.ts'
import type { BuilderStatus } from '../../../../../src/resources/kinds/builder.ts'
import { MemoryRegistry } from '../../../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../../../support/registry/registry-client.ts'
import { answers, inputs, namedRegistries, store, type GoldenBuilder } from './golden-images.ts'

const platform = { os: 'linux', architecture: 'amd64' }

let registry: MemoryRegistry
let client: TestClient
let registries: Registries

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
  registries = namedRegistries(client.registries, registry)
  for (const image of inputs.images) store(registry, image)
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const messageOf = (error: unknown): { error: string } => ({ error: (error as Error).message })
const answer = <T>(result: Promise<T>): Promise<{ status: T } | { error: string }> => result.then((status) => ({ status }), messageOf)

test('pushes the images that kpack read', async () => {
  for (const [name, digest] of Object.entries(answers.images)) expect({ name, digest: (await registries.repository(name).resolve(name.split(':').at(-1)!))?.digest }).toEqual({ name, digest })
})

test.each(Object.keys(inputs.stacks))('resolves the stack "%s" as kpack', async (name) => {
  expect(await answer(resolveStack(inputs.stacks[name]!, { registries, platform }, {}))).toEqual(answers.stacks[name])
})

test.each(Object.keys(inputs.stores))('resolves the store "%s" as kpack', async (name) => {
  const resolved = resolveStore(inputs.stores[name]!, { registries, platform }, { kpackCompatible: true }, {})
  expect(await answer(resolved.then(({ buildpacks }) => buildpacks))).toEqual(answers.stores[name])
})

test.each(Object.keys(inputs.lifecycles))('resolves the lifecycle "%s" as kpack', async (name) => {
  expect(await answer(resolveLifecycle(inputs.lifecycles[name]!, { registries, platform }, {}))).toEqual(answers.lifecycles[name])
})

const resource = <S, T>(kind: string, name: string, spec: S, status: T, namespace?: string) => ({ apiVersion: 'kpack.io/v1alpha2', kind, metadata: { name, ...(namespace ? { namespace } : {}) }, spec, status })

async function assemble({ tag, stack, store: name, lifecycle, buildpacks = [], clusterBuildpacks = [], spec }: GoldenBuilder): Promise<Partial<BuilderStatus>> {
  const services = { registries, platform }
  const packages = (image: string) => resolveBuildpack({ image }, services, { kpackCompatible: true }, {})
  const ofNamespace: Buildpack[] = []
  for (const each of buildpacks) ofNamespace.push(resource('Buildpack', each.name, { image: each.image }, await packages(each.image), 'dev'))
  const ofCluster: ClusterBuildpack[] = []
  for (const each of clusterBuildpacks) ofCluster.push(resource('ClusterBuildpack', each.name, { image: each.image }, await packages(each.image)))
  const parts = {
    stack: resource('ClusterStack', stack, inputs.stacks[stack]!, await resolveStack(inputs.stacks[stack]!, services, {})),
    lifecycle: resource('ClusterLifecycle', lifecycle, inputs.lifecycles[lifecycle]!, await resolveLifecycle(inputs.lifecycles[lifecycle]!, services, {})),
    store: name === undefined ? undefined : resource('ClusterStore', name, { sources: inputs.stores[name]! }, await resolveStore(inputs.stores[name]!, services, {}, {})),
    buildpacks: ofNamespace,
    clusterBuildpacks: ofCluster,
  }
  const builder = resource('Builder', 'a', { ...spec, tag, stack: {} }, {}, 'dev')
  return assembleBuilder(builder, [parts], { registriesOf: async () => registries, platform }, { kpackCompatible: true, kpackVersion: inputs.kpackVersion }, {})
}

/** Go omits empty groups. */
const withoutEmptyGroups = (status: object): object => JSON.parse(JSON.stringify(status).replaceAll('{"group":[]}', '{}')) as object

describe('assembling a builder', () => {
  test.each(inputs.builders.map((builder, at) => ({ ...builder, at })))('answers as kpack for $title', async ({ at, ...builder }) => {
    const expected = answers.builders[at]!
    const result = await assemble(builder).then((status) => ({ status: withoutEmptyGroups(status) }), messageOf)
    if ('error' in result) {
      expect(result).toEqual({ error: expected.error })
      expect([...registry.repositories.keys()].filter((name) => name.startsWith('out/'))).toEqual([])
      return
    }
    const name = builder.tag.slice('registry.example/'.length).split(':')
    const { manifests, tags, blobs } = registry.repository(name[0]!)
    const manifest = JSON.parse(manifests.get(tags.get(name[1]!)!)!.content.toString()) as { config: { digest: string } }
    expect(JSON.parse(blobs.get(manifest.config.digest)!.toString())).toEqual(expected.config)
    expect(manifest).toEqual(expected.manifest)
    expect(result.status).toEqual(expected.status)
    const ours = answers.tags.filter((tag) => tag.startsWith(`${builder.tag}`))
    expect([...tags.keys()].map((tag) => `registry.example/${name[0]}:${tag}`).sort()).toEqual(ours)
  })
})
