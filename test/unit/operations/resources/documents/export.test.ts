import { describe, expect, it } from 'vitest'
import { apply, type ApplyResult } from '../../../../../src/operations/resources/apply.ts'
import { exportResources, formatExport, type ExportOptions } from '../../../../../src/operations/resources/documents/export.ts'
import type { ScopeServices } from '../../../../../src/operations/resources/open-scope.ts'
import { readResources } from '../../../../../src/resources/read-resources.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'

const services = { remote: { host: { env: {}, cwd: '/work', home: '/home/me' } } } as unknown as ScopeServices

const YAML = `
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: shop, annotations: {kpack.io/git: https://github.com}}
type: kubernetes.io/basic-auth
stringData: {username: me, password: s3cret}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: builds, namespace: shop}
secrets: [{name: login}]
---
apiVersion: kpack.io/v1alpha2
kind: ClusterStack
metadata: {name: base, labels: {tier: web}}
spec: {id: some.stack, buildImage: {image: registry/build}, runImage: {image: registry/run}}
---
apiVersion: kpack.io/v1alpha1
kind: Image
metadata: {name: app, namespace: shop}
spec:
  tag: registry/app
  builder: {kind: ClusterBuilder, name: base}
  serviceAccount: builds
  cacheSize: 1.5G
  source: {git: {url: https://github.com/x/y, revision: "1e3"}}
---
apiVersion: kpack.io/v1alpha2
kind: Image
metadata: {name: here}
spec:
  tag: registry/here
  builder: {kind: ClusterBuilder, name: base}
  source: {local: {path: app}}
---
apiVersion: build.pivotal.io/v1alpha1
kind: ClusterBuilder
metadata: {name: old}
spec: {image: registry/old-builder}
`

async function filled(): Promise<MemoryStore> {
  const store = new MemoryStore()
  const { resources, faults } = readResources([{ file: 'all.yaml', text: YAML, directory: '/work' }])
  expect(faults).toEqual([])
  for (const { written } of resources) await store.write(written)
  const image = { type: { group: 'kpack.io', kind: 'Image' }, namespace: 'shop', name: 'app' }
  const stored = await store.read(image)
  await store.writeStatus(image, { latestImage: 'registry/app@sha256:1', conditions: [{ type: 'Ready', status: 'True' }] }, stored!.version)
  await store.write({ apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name: 'app-build-1', namespace: 'shop' }, spec: {} } as never)
  await store.write({ apiVersion: 'kpack.io/v1alpha2', kind: 'SourceResolver', metadata: { name: 'app-source', namespace: 'shop' }, spec: {} } as never)
  return store
}

async function exported(store: MemoryStore, options: Partial<ExportOptions> = {}): Promise<string> {
  return formatExport(await exportResources({ given: [], ...options }, store, {}))
}

function dryRun(store: MemoryStore, text: string): Promise<ApplyResult> {
  return apply({ files: ['-'], dryRun: true }, store, services, input(text), {})
}

async function* input(text: string): AsyncIterable<Buffer> {
  yield Buffer.from(text)
}

describe('cnb export', () => {
  it('prints what cnb apply reads back without a change', async () => {
    const store = await filled()
    const text = await exported(store, { withSecrets: true })
    const { resources } = await dryRun(store, text)
    expect(resources.map(({ kind, name, change }) => [kind, name, change])).toEqual([
      ['Secret', 'login', 'unchanged'], ['ServiceAccount', 'builds', 'unchanged'], ['ClusterStack', 'base', 'unchanged'],
      ['ClusterBuilder', 'old', 'unchanged'], ['Image', 'here', 'unchanged'], ['Image', 'app', 'unchanged'],
    ])
    expect(text).not.toMatch(/status:|uid:|generation:|creationTimestamp:|kind: Build\n|SourceResolver/)
  })

  it('prints resources as their user wrote them, in the storage version', async () => {
    expect(await exported(await filled(), { given: ['image/app'], namespace: 'shop' })).toBe(`apiVersion: kpack.io/v1alpha2
kind: Image
metadata:
  name: app
  namespace: shop
spec:
  tag: registry/app
  builder:
    kind: ClusterBuilder
    name: base
  serviceAccountName: builds
  source:
    git:
      url: https://github.com/x/y
      revision: "1e3"
  cache:
    volume:
      size: 1.5G
`)
  })

  it.each([
    ['kpack.io/v1alpha1', 'build: {bindings: [{name: db, metadataRef: {name: db}}], env: [{name: A, value: "1"}]}'],
    ['kpack.io/v1alpha1', 'notary: {v1: {url: https://notary.example, secretRef: {name: keys}}}'],
    ['kpack.io/v1alpha2', 'build: {env: [{name: A, value: "1"}]}'],
  ])('prints an Image as %s if a cluster accepts %s there', async (version, field) => {
    const annotations = "{kpack.io/tolerations: '[{\"key\":\"k\"}]', kpack.io/cache.volume.storageClassName: fast, kpack.io/buildTimeout: '60', kpack.io/defaultProcess: web, note: text}"
    const image = `apiVersion: kpack.io/v1alpha1\nkind: Image\nmetadata: {name: bound, annotations: ${annotations}}\nspec: {tag: registry/bound, serviceAccount: builds, cacheSize: 1G, builder: {kind: ClusterBuilder, name: base}, source: {blob: {url: https://blob.example}}, ${field}}`
    const store = new MemoryStore()
    const { resources, faults } = readResources([{ file: 'all.yaml', text: image, directory: '/work' }])
    expect(faults).toEqual([])
    for (const { written } of resources) await store.write(written)
    const text = await exported(store)
    expect(text.split('\n', 1)).toEqual([`apiVersion: ${version}`])
    expect((await dryRun(store, text)).resources.map(({ change }) => change)).toEqual(['unchanged'])
  })

  it('keeps the version of an Image with an empty cache, which another version reads as the default', async () => {
    const store = new MemoryStore()
    const image = 'apiVersion: kpack.io/v1alpha2\nkind: Image\nmetadata: {name: uncached}\nspec: {tag: registry/a, cache: {}, notary: {}}'
    for (const { written } of readResources([{ file: 'a.yaml', text: image, directory: '/work' }]).resources) await store.write(written)
    expect(await exported(store)).toMatch(/^apiVersion: kpack.io\/v1alpha2\n[^]*\n {2}cache: {}\n/m)
  })

  it('redacts Secrets, and cnb apply refuses their values', async () => {
    const store = await filled()
    const text = await exported(store)
    expect(text).not.toMatch(/s3cret|czNjcmV0/)
    expect(text).toContain("# The values of Secrets are redacted. 'cnb export --with-secrets' writes them.\n")
    await expect(dryRun(store, text)).rejects.toMatchObject({
      code: 'CNB_RESOURCE_INVALID', message: expect.stringContaining('Secret login: the value is redacted: data.username') as string,
    })
    const asText = 'apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: <redacted>}\n'
    await expect(dryRun(store, asText)).rejects.toMatchObject({ message: expect.stringContaining('invalid value: <redacted>: stringData.password') as string })
  })

  it('names resources that a cluster refuses', async () => {
    const { resources } = await exportResources({ given: [] }, await filled(), {})
    expect(resources.flatMap(({ resource: { metadata }, refusals }) => refusals.map((why) => `${metadata.name}: ${why}`))).toEqual([
      'old: the annotation cnb.dev/image: only cnb takes an existing image as a builder.',
      'here: spec.source.local is a directory of this machine. Use git, blob or registry there.',
    ])
  })

  it('selects by namespace and by labels', async () => {
    const store = await filled()
    expect(await exported(store, { namespace: 'shop' })).not.toContain('name: here')
    expect(await exported(store, { selector: 'tier=web' })).toMatch(/^apiVersion: kpack.io\/v1alpha2\nkind: ClusterStack\n/)
  })

  it('refuses builds, which a cluster would run again', async () => {
    await expect(exportResources({ given: ['builds'] }, await filled(), {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })
})
