/** Many Images of kpack's resources: copies of a built image, each with a git repository. */

import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { succeed } from '../support/cnb.ts'
import { startFaultProxy, type FaultProxy } from '../support/fakes/fault-proxy.ts'
import { getDocument, putDocument } from '../support/images/registry-images.ts'
import { makeIndex } from '../support/registry/index-repository.ts'
import { startRegistry, type Registry } from '../support/registry/registry.ts'
import { pushBases } from '../support/resource-bases.ts'
import { appFiles } from '../support/script-builder.ts'
import type { Workbench } from '../support/workbench.ts'
import { type Measurement, measure, measureCnb } from './measure.ts'

/** No other name in the state contains it. */
const FIRST = 'the-built-image'
/** The host's network: the registry is on 127.0.0.1. */
const OPTIONS = ['--network', 'host']

export class ImageSet implements AsyncDisposable {
  readonly #directory: string
  readonly #prefix: string
  readonly #registry: Registry
  readonly #proxy: FaultProxy
  readonly #size: number

  private constructor(directory: string, prefix: string, registry: Registry, proxy: FaultProxy, size: number) {
    this.#directory = directory
    this.#prefix = prefix
    this.#registry = registry
    this.#proxy = proxy
    this.#size = size
  }

  static async start(bench: Workbench, size: number): Promise<ImageSet> {
    const registry = await startRegistry()
    const set = new ImageSet(await bench.directory({}), bench.image(), registry, await startFaultProxy(registry), size)
    await pushBases(registry, set.#prefix)
    await set.#build()
    await set.#copy()
    return set
  }

  /** Applies or plans the stored resources; the registry's requests are counted. */
  async run(command: 'apply' | 'plan'): Promise<Measurement> {
    this.#proxy.clear()
    const files = command === 'apply' ? ['--filename', join(this.#directory, 'all.yaml')] : []
    const measured = await measureCnb([command, ...files, ...this.#state], this.#env)
    return { ...measured, requests: this.#proxy.log.length }
  }

  /** Lists the refs of all sources, eight at once. */
  list(): Promise<Measurement> {
    const script = 'for at in $(seq "$1"); do echo "$2-$at"; done | xargs -P 8 -n 1 git ls-remote >/dev/null'
    return measure('sh', ['-c', script, 'sh', String(this.#size), `file://${this.#directory}/source`])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]()
    await this.#registry[Symbol.asyncDispose]()
  }

  get #state(): string[] {
    return ['--state', join(this.#directory, 'state')]
  }

  get #env(): Record<string, string> {
    return { CNB_CACHE_DIR: join(this.#directory, 'cache') }
  }

  #named(name: string): string {
    return `${this.#proxy.address}/${this.#prefix}-${name}`
  }

  #yaml(images: readonly string[]): string {
    const kind = (name: string, meta: string, spec: string): string => `{apiVersion: kpack.io/v1alpha2, kind: ${name}, metadata: {${meta}}, spec: {${spec}}}`
    return [
      kind('ClusterLifecycle', 'name: default-lifecycle', `image: "${this.#named('lifecycle')}"`),
      kind('ClusterStore', 'name: default', `sources: [{image: "${this.#named('store')}"}]`),
      kind('ClusterStack', 'name: base', `id: cnb.sample.bookworm, buildImage: {image: "${this.#named('build')}"}, runImage: {image: "${this.#named('run')}"}`),
      kind('Builder', 'name: base, namespace: default', `tag: "${this.#named('builder')}", stack: {kind: ClusterStack, name: base}, store: {kind: ClusterStore, name: default}, order: [{group: [{id: test/script}]}]`),
      ...images.map((name) => kind('Image', `name: ${name}, namespace: default`, `tag: "${this.#named(name)}", builder: {kind: Builder, name: base}, source: {git: {url: "file://${this.#directory}/source-${name.replace(/\D/g, '')}", revision: main}}`)),
    ].join('\n---\n')
  }

  async #build(): Promise<void> {
    const repository = makeIndex(join(this.#directory, 'source-'))
    for (const [file, content] of Object.entries(appFiles('true'))) repository.commit(file, content)
    const file = join(this.#directory, 'first.yaml')
    await writeFile(file, this.#yaml([FIRST]))
    await succeed(['apply', '--filename', file, ...this.#state, ...OPTIONS], { env: this.#env })
  }

  /** Writes the state that builds of all images leave, and their manifests. */
  async #copy(): Promise<void> {
    const state = join(this.#directory, 'state')
    const objects = join(state, 'objects/kpack.io')
    const builds = join(state, 'builds/default')
    const [last = ''] = await readdir(builds)
    const files = [join(objects, 'Image/default', `${FIRST}.yaml`), join(objects, 'SourceResolver/default', `${FIRST}-source.yaml`), join(builds, last, 'build.yaml')]
    const found = await getDocument<{ mediaType: string }>(this.#registry, `${this.#prefix}-${FIRST}`, 'latest')
    for (let at = 1; at <= this.#size; at++) {
      await cp(join(this.#directory, 'source-'), join(this.#directory, `source-${at}`), { recursive: true })
      const renamed = (text: string): string => text.replaceAll('/source-', `/source-${at}`).replaceAll(FIRST, `image-${at}`)
      for (const file of files) {
        const target = renamed(file)
        await mkdir(join(target, '..'), { recursive: true })
        await writeFile(target, renamed(await readFile(file, 'utf8')))
      }
      await this.#put(`image-${at}`, found!.document)
    }
    for (const file of files) await rm(file)
    await rm(join(builds, last), { recursive: true })
    await writeFile(join(this.#directory, 'all.yaml'), this.#yaml(Array.from({ length: this.#size }, (_, at) => `image-${at + 1}`)))
  }

  async #put(name: string, document: { config?: { digest: string }; layers?: readonly { digest: string }[]; mediaType: string }): Promise<void> {
    for (const { digest } of [document.config!, ...document.layers!]) {
      await this.#registry.request('POST', `/v2/${this.#prefix}-${name}/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(`${this.#prefix}-${FIRST}`)}`)
    }
    await putDocument(this.#registry, `${this.#prefix}-${name}`, 'latest', document)
  }
}
