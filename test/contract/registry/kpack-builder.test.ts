/** Assembles kpack's builders in a real registry: it mounts the layers, and accepts the manifests. */

import { expect, test } from 'vitest'
import { assembleBuilder } from '../../../src/operations/resources/builders/assemble-builder.ts'
import { resolveLifecycle } from '../../../src/operations/resources/builders/resolve-lifecycle.ts'
import { resolveStack } from '../../../src/operations/resources/builders/resolve-stack.ts'
import { resolveStore } from '../../../src/operations/resources/builders/resolve-store.ts'
import { MemoryRegistry } from '../../support/fakes/memory-registry.ts'
import { pushBlob } from '../../support/images/push-blob.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { openClient } from '../../support/registry/registry-client.ts'
import { answers, inputs, namedRegistries, store } from '../../unit/operations/resources/builders/golden-images.ts'

const resource = <S, T>(kind: string, spec: S, status: T) => ({ apiVersion: 'kpack.io/v1alpha2', kind, metadata: { name: 'a', namespace: 'dev' }, spec, status })

test('assembles builders with the digests of kpack', async () => {
  await using registry = await startRegistry()
  await using client = openClient()
  const memory = new MemoryRegistry()
  for (const image of inputs.images) store(memory, image)
  for (const [path, { blobs, manifests, tags }] of memory.repositories) {
    for (const content of blobs.values()) await pushBlob(registry, path, content)
    for (const [tag, digest] of tags) {
      const { mediaType, content } = manifests.get(digest)!
      const { status } = await registry.request('PUT', `/v2/${path}/manifests/${tag}`, { headers: { 'content-type': mediaType }, body: content })
      expect(status).toBe(201)
    }
  }
  const registries = namedRegistries(client.registries, registry)
  const services = { registries, platform: { os: 'linux', architecture: 'amd64' } }
  for (const [at, { tag, stack, store: name = '', lifecycle, spec, buildpacks, clusterBuildpacks }] of inputs.builders.entries()) {
    if (answers.builders[at]!.error || buildpacks || clusterBuildpacks) continue
    const parts = {
      stack: resource('ClusterStack', inputs.stacks[stack]!, await resolveStack(inputs.stacks[stack]!, services, {})),
      lifecycle: resource('ClusterLifecycle', inputs.lifecycles[lifecycle]!, await resolveLifecycle(inputs.lifecycles[lifecycle]!, services, {})),
      store: resource('ClusterStore', { sources: inputs.stores[name]! }, await resolveStore(inputs.stores[name]!, services, {}, {})),
    }
    const builder = resource('Builder', { ...spec, tag, stack: {} }, {})
    const { latestImage } = await assembleBuilder(builder, [parts], { ...services, registriesOf: async () => registries }, { kpackCompatible: true, kpackVersion: inputs.kpackVersion }, {})
    expect(latestImage).toBe(answers.builders[at]!.status!.latestImage)
    expect((await registries.repository(latestImage!).manifest(latestImage!.split('@')[1]!))?.content.length).toBeGreaterThan(0)
  }
})
