/** Resources, a registry and a git repository for tests of `cnb apply`; builds only publish an image. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent, Context } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import { parseReference } from '../../../../src/oci/reference.ts'
import type { BuildOptions } from '../../../../src/operations/build/build-options.ts'
import { apply, type ApplyOptions, type ApplyResult } from '../../../../src/operations/resources/apply.ts'
import type { ScopeServices } from '../../../../src/operations/resources/open-scope.ts'
import { planResources, type PlanOptions, type PlanResult } from '../../../../src/operations/resources/plan.ts'
import type { BuildImage } from '../../../../src/operations/resources/scope.ts'
import { Resources } from '../../../../src/operations/resources/resources.ts'
import type { EngineServices } from '../../../../src/operations/services.ts'
import type { Registries } from '../../../../src/registry/registry.ts'
import type { Build } from '../../../../src/resources/kinds/build.ts'
import type { Image } from '../../../../src/resources/kinds/image.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { MemoryState, MemoryStore } from '../../../support/fakes/memory-store.ts'
import { GIT_ENV, makeIndex, type TestIndex } from '../../../support/registry/index-repository.ts'
import { openClient } from '../../../support/registry/registry-client.ts'
import { namedRegistries, store as storeImage, type GoldenImage } from './builders/golden-images.ts'

const STACK = 'test.stack'
const PLATFORM = 'linux/amd64'

/** The bases: a builder needs all of them. */
export const BASES = `
apiVersion: kpack.io/v1alpha2
kind: ClusterLifecycle
metadata: {name: default-lifecycle}
spec: {image: registry.example/lifecycle}
---
apiVersion: kpack.io/v1alpha2
kind: ClusterStore
metadata: {name: default}
spec: {sources: [{image: registry.example/java}]}
---
apiVersion: kpack.io/v1alpha2
kind: ClusterStack
metadata: {name: base}
spec: {id: ${STACK}, buildImage: {image: registry.example/base/build}, runImage: {image: registry.example/base/run}}
---
apiVersion: kpack.io/v1alpha2
kind: Builder
metadata: {name: base, namespace: default}
spec:
  tag: registry.example/builder
  stack: {kind: ClusterStack, name: base}
  store: {kind: ClusterStore, name: default}
  order: [{group: [{id: test/java}]}]
`

interface ImageOptions {
  readonly url?: string
  readonly builder?: string
  readonly labels?: string
  /** More lines of the spec. */
  readonly more?: string
}

export interface ResourceBench {
  readonly path: string
  readonly registry: MemoryRegistry
  readonly state: MemoryState
  readonly store: MemoryStore
  readonly repository: TestIndex
  /** The options of the builds so far. */
  readonly builds: BuildOptions[]
  readonly warnings: string[]
  /** Repositories of registries that cannot be reached. */
  readonly outages: Set<string>
  readonly services: ScopeServices
  /** Replaces the build. */
  make: BuildImage
  /** Returns an Image that is built from the repository. */
  image(name: string, options?: ImageOptions): string
  put(image: GoldenImage): string
  /** Publishes another run image. */
  patchRunImage(content: string): string
  apply(yaml: string, options?: Partial<ApplyOptions>, context?: Context): Promise<ApplyResult>
  plan(yaml: string, options?: Partial<PlanOptions>): Promise<PlanResult>
  resources(): Promise<Resources>
  /** Returns all that is stored, except for logs. */
  contents(): readonly string[]
  imageOf(name: string): Promise<Image>
  buildsOf(name: string): Promise<Build[]>
  logOf(build: string): Promise<string[]>
}

/** Creates a bench for one test, which removes it at its end. */
export async function openResourceBench(): Promise<ResourceBench> {
  const scratch = await makeTemporaryDirectory('cnb-test-')
  const registry = await new MemoryRegistry().start()
  const client = openClient()
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
    await scratch[Symbol.asyncDispose]()
  })
  const repository = makeIndex(join(scratch.path, 'app'))
  repository.commit('app.js', 'serve()')
  await mkdir(join(scratch.path, 'home'))
  const state = new MemoryState()
  const store = new MemoryStore(state)
  const put = (image: GoldenImage): string => storeImage(registry, { platform: PLATFORM, ...image })
  const run = (content: string): string => put({ name: 'registry.example/base/run', layers: [`${content}:400`], labels: { 'io.buildpacks.stack.id': STACK } })
  put({ name: 'registry.example/base/build', layers: ['build:500'], env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'], labels: { 'io.buildpacks.stack.id': STACK } })
  run('run')
  put({ name: 'registry.example/lifecycle', layers: ['lifecycle:3000'], labels: { 'io.buildpacks.builder.metadata': { lifecycle: { version: '9' } }, 'io.buildpacks.lifecycle.apis': { buildpack: { supported: ['0.11'] }, platform: { supported: ['0.8', '0.15'] } } } })
  put({ name: 'registry.example/java', layers: ['java:2000'], labels: { 'io.buildpacks.buildpack.layers': { 'test/java': { 1: { api: '0.11', layerDiffID: '$DIFF(java)' } } } } })

  const outages = new Set<string>()
  const named = namedRegistries(client.registries, registry)
  const registries: Registries = {
    ...named,
    repository: (text, access) => {
      const repository = named.repository(text, access)
      const name = typeof text === 'string' ? text : text.repository
      if (!outages.has(name)) return repository
      const fail = (): Promise<never> => Promise.reject(new CnbError('CNB_REGISTRY_UNREACHABLE', 'cannot reach registry.example: connection refused'))
      return new Proxy(repository, { get: (target, key) => (['resolve', 'manifest', 'blob'].includes(String(key)) ? fail : Reflect.get(target, key)) })
    },
  }
  const host = { env: GIT_ENV, cwd: scratch.path, home: join(scratch.path, 'home') }
  const builds: BuildOptions[] = []
  const warnings: string[] = []
  const context: Context = { events: (event: CnbEvent) => void (event.type === 'warning' && warnings.push(event.message)) }

  /** Publishes an image with the labels of a build. */
  const publish: BuildImage = async (options) => {
    const runImage = options.runImage ?? ''
    const lifecycle = { app: [], config: {}, launcher: {}, buildpacks: [], runImage: { topLayer: '$DIFF(run)', reference: imageOf(runImage, registry), image: runImage.split('@')[0] } }
    const digest = put({
      name: options.image, layers: ['run:400', `app ${builds.length}:50`],
      labels: { 'io.buildpacks.stack.id': STACK, 'io.buildpacks.lifecycle.metadata': lifecycle, 'io.buildpacks.build.metadata': { buildpacks: [{ id: 'test/java', version: '1' }], launcher: { version: '9' } } },
    })
    return { id: `${parseReference(options.image).registry}/${parseReference(options.image).repository}@${digest}` }
  }
  const bench: ResourceBench = {
    path: scratch.path, registry, state, store, repository, builds, warnings, outages, make: publish, put,
    services: {
      remote: { host, platform: { os: 'linux', architecture: 'amd64' }, keychain: async () => async () => undefined, registries: async () => registries },
      engine: async () => ({ host }) as unknown as EngineServices,
      build: (options, services, within) => {
        builds.push(options)
        return bench.make(options, services, within)
      },
    },
    image: (name, { url = `file://${repository.path}`, builder = 'base', labels = '{}', more = '' } = {}) => `
apiVersion: kpack.io/v1alpha2
kind: Image
metadata: {name: ${name}, namespace: default, labels: ${labels}}
spec:
  tag: registry.example/${name}
  builder: {kind: Builder, name: ${builder}}
  source: {git: {url: "${url}", revision: main}}
${more}
`,
    patchRunImage: run,
    apply: (yaml, options = {}, within = {}) => apply({ files: ['-'], ...options }, store, bench.services, inputOf(yaml), { ...context, ...within }),
    plan: (yaml, options = {}) => planResources({ files: yaml === '' ? [] : ['-'], ...options }, store, bench.services, inputOf(yaml), context),
    resources: () => Resources.read(store, {}),
    contents: () => [...state.resources.values()].map(({ json }) => json),
    imageOf: async (name) => (await bench.resources()).find('Image', { name, namespace: 'default' })!,
    buildsOf: async (name) => (await bench.resources()).list('Build').filter(({ metadata }) => metadata.labels?.['image.kpack.io/image'] === name),
    logOf: async (build) => {
      const lines: string[] = []
      for await (const some of store.readLog({ namespace: 'default', name: build }, false)) lines.push(...some.map(({ text }) => text))
      return lines
    },
  }
  return bench
}

/** Returns the name of the platform's image, which a build records, if the name is that of an index. */
function imageOf(name: string, registry: MemoryRegistry): string {
  const [context = '', digest = ''] = name.split('@')
  const content = registry.repository(parseReference(name).repository).manifests.get(digest)?.content.toString() ?? '{}'
  const { manifests = [] } = JSON.parse(content) as { manifests?: { digest: string; platform: { architecture: string } }[] }
  return `${context}@${manifests.find(({ platform }) => platform.architecture === 'amd64')?.digest ?? digest}`
}

async function* inputOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

export function yamlOf(...documents: readonly string[]): string {
  return documents.join('\n---\n')
}
