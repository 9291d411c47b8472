import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asWritten } from '../../../../../src/operations/resources/documents/as-written.ts'
import { exportResources, formatExport } from '../../../../../src/operations/resources/documents/export.ts'
import { KINDS } from '../../../../../src/resources/kind-list.ts'
import type { AnyResource } from '../../../../../src/resources/kind.ts'
import { readResources } from '../../../../../src/resources/read-resources.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'
import { documentOf } from '../../../../support/resource-documents.ts'

/** Stores resources as `cnb apply` does after its checks. */
async function storeOf(text: string): Promise<MemoryStore> {
  const store = new MemoryStore()
  for (const { written } of readResources([{ file: 'a.yaml', text, directory: '/work' }]).resources) await store.write(written)
  return store
}

const exported = async (store: MemoryStore): Promise<string> => formatExport(await exportResources({ given: [], withSecrets: true }, store, {}))
const contentOf = async (store: MemoryStore): Promise<AnyResource[]> => (await store.list<AnyResource>({})).map(({ resource }) => asWritten(resource))

describe('an export with Secrets', () => {
  it.each(KINDS.filter(({ kind }) => kind !== 'Build' && kind !== 'SourceResolver'))('makes the same state again: $kind', async (kind) => {
    await fc.assert(fc.asyncProperty(fc.array(documentOf(kind), { minLength: 1, maxLength: 3 }), fc.constantFrom(undefined, 'team'), async (documents, namespace) => {
      const named = documents.map((document, at) => ({ ...document, metadata: { ...document.metadata, name: `n${at}`, ...(kind.isNamespaced && namespace !== undefined ? { namespace } : {}) } }))
      const store = await storeOf(named.map((document) => JSON.stringify(document)).join('\n---\n'))
      expect(await contentOf(store)).toHaveLength(named.length)
      const copy = await storeOf(await exported(store))
      expect(await contentOf(copy)).toEqual(await contentOf(store))
      expect(await exported(copy)).toBe(await exported(store))
    }), { numRuns: 15 })
  })

  it('has a thousand resources', async () => {
    const image = (at: number): string => JSON.stringify({
      apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name: `shop-${at}` },
      spec: { tag: `example.com/shop-${at}`, builder: { kind: 'ClusterBuilder', name: 'base' }, source: { git: { url: 'https://example.com/shop.git', revision: 'main' } } },
    })
    const store = await storeOf(Array.from({ length: 1000 }, (_, at) => image(at)).join('\n---\n'))
    expect(await contentOf(await storeOf(await exported(store)))).toEqual(await contentOf(store))
    expect(await contentOf(store)).toHaveLength(1000)
  })
})
