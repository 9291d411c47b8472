import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hexOf, type Digest } from '../../../../../src/oci/digest.ts'
import { reconcileBuilders } from '../../../../../src/operations/resources/builders/reconcile-builders.ts'
import { resolveLifecycle } from '../../../../../src/operations/resources/builders/resolve-lifecycle.ts'
import { resolveStack } from '../../../../../src/operations/resources/builders/resolve-stack.ts'
import { Resources } from '../../../../../src/operations/resources/resources.ts'
import type { ReconcileOptions, ReconcileScope } from '../../../../../src/operations/resources/scope.ts'
import { SigningKeys } from '../../../../../src/operations/resources/signing/account-keys.ts'
import type { Registries } from '../../../../../src/registry/registry.ts'
import type { AnyResource } from '../../../../../src/resources/kind.ts'
import { keyOf } from '../../../../../src/state/resource-key.ts'
import { cosignAnswers } from '../../../../support/cosign-answers.ts'
import { MemoryRegistry } from '../../../../support/fakes/memory-registry.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'
import { openClient, type TestClient } from '../../../../support/registry/registry-client.ts'
import { namedRegistries, store } from './golden-images.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const { ecdsa } = cosignAnswers().keys
const encoded = (text: string): string => Buffer.from(text).toString('base64')

let registry: MemoryRegistry
let client: TestClient
let registries: Registries

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
  registries = namedRegistries(client.registries, registry)
  store(registry, { name: 'registry.example/build', platform: 'linux/amd64', layers: ['build:500'], env: ['CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'], labels: { 'io.buildpacks.stack.id': 'test.stack' } })
  store(registry, { name: 'registry.example/run', platform: 'linux/amd64', layers: ['run:400'], labels: { 'io.buildpacks.stack.id': 'test.stack' } })
  const apis = { buildpack: { supported: ['0.11'] }, platform: { supported: ['0.15'] } }
  store(registry, { name: 'registry.example/lifecycle', platform: 'linux/amd64', layers: ['lifecycle:300'], labels: { 'io.buildpacks.builder.metadata': { lifecycle: { version: '9' } }, 'io.buildpacks.lifecycle.apis': apis } })
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

async function reconcile(password: string, options: ReconcileOptions = {}, signaturePaths?: object[]) {
  const services = { registries, platform: AMD64 }
  const [stack, lifecycle] = [{ id: 'test.stack', buildImage: { image: 'registry.example/build' }, runImage: { image: 'registry.example/run' } }, { image: 'registry.example/lifecycle' }]
  const conditions = [{ type: 'Ready', status: 'True' }]
  const resource = (kind: string, name: string, spec: object, status?: object) => ({ apiVersion: 'kpack.io/v1alpha2', kind, metadata: { name }, spec, status: status && { ...status, conditions } })
  const builder = { ...resource('Builder', 'b', { tag: 'registry.example/out', stack: { name: 's', kind: 'ClusterStack' }, order: [] }, signaturePaths && { signaturePaths }), metadata: { name: 'b', namespace: 'dev' } }
  const memory = new MemoryStore()
  for (const each of [
    resource('ClusterStack', 's', stack, await resolveStack(stack, services, {})),
    resource('ClusterLifecycle', 'default-lifecycle', lifecycle, await resolveLifecycle(lifecycle, services, {})),
    builder,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'dev' }, secrets: [{ name: 'signer' }] },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'signer', namespace: 'dev' }, data: { 'cosign.key': encoded(ecdsa.private), 'cosign.password': encoded(password) } },
  ] as (AnyResource & { status?: object })[]) {
    const { version } = await memory.write(each, 'none')
    if (each.status) await memory.writeStatus<AnyResource>(keyOf(each), each.status, version)
  }
  const resources = await Resources.read(memory, {})
  const scope = {
    resources, options, signingKeys: new SigningKeys(resources), accounts: { registriesOf: async () => registries }, services: { platform: AMD64 }, now: () => new Date(0),
    failures: new Map(),
    seen: new Map(),
    made: new Map(),
  } as unknown as ReconcileScope
  registry.takeRequests()
  await reconcileBuilders(scope, {})
  return resources.find('Builder', { name: 'b', namespace: 'dev' })?.status
}

const isWrite = (request: string): boolean => /^(PUT|POST|PATCH)/.test(request)

describe('reconcileBuilders', () => {
  it('signs a builder with the keys of its service account', async () => {
    const status = await reconcile(ecdsa.password)
    const digest = status?.latestImage?.split('@')[1] as Digest
    const { tags } = registry.repository('out')
    expect(status?.signaturePaths).toEqual([{ signingSecret: 'k8s://dev/signer', targetDigest: `registry.example/out@${tags.get(`sha256-${hexOf(digest)}.sig`)}` }])
  })

  it('publishes nothing if a key cannot be read', async () => {
    const status = await reconcile('hunter2')
    expect(status?.conditions).toMatchObject([{ type: 'Ready', status: 'False' }, { type: 'UpToDate', message: "cannot read the key 'cosign.key' of Secret dev/signer: the password does not fit" }])
    expect(registry.takeRequests().filter(isWrite)).toEqual([])
  })

  it('signs nothing for a plan', async () => {
    const before = [{ signingSecret: 'k8s://dev/signer', targetDigest: 'before' }]
    expect((await reconcile(ecdsa.password, { isPlan: true }, before))?.signaturePaths).toEqual(before)
    expect(registry.takeRequests().filter(isWrite)).toEqual([])
  })
})
