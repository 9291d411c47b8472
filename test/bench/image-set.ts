/** Many Images of kpack's resources: copies of a built image, each with a git repository. */

import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { succeed } from '../support/cnb.ts'
import { startFaultProxy, type FaultProxy } from '../support/fakes/fault-proxy.ts'
import { addLayer, getDocument, makeLayer, putDocument } from '../support/images/registry-images.ts'
import { makeIndex } from '../support/registry/index-repository.ts'
import { startRegistry, type Registry } from '../support/registry/registry.ts'
import { basesYaml, pushBases } from '../support/resource-bases.ts'
import { appFiles } from '../support/script-builder.ts'
import type { Workbench } from '../support/workbench.ts'
import { type Measurement, measure, measureCnb } from './measure.ts'

/** No other name in the state contains it. */
const FIRST = 'the-built-image'
/** The tag of images as they were built. */
const BUILT = 'built'
/** The host's network: the registry is on 127.0.0.1. */
const OPTIONS = ['--network', 'host']

/** A manifest in the registry. */
interface StoredManifest {
  readonly [key: string]: unknown
  readonly mediaType: string
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly digest: string }[]
}

interface Parts {
  readonly directory: string
  readonly prefix: string
  readonly registry: Registry
  /** Counts the requests, and takes processor time for each. */
  readonly proxy?: FaultProxy
  readonly size: number
}

export class ImageSet implements AsyncDisposable {
  readonly #directory: string
  readonly #prefix: string
  readonly #registry: Registry
  readonly #proxy: FaultProxy | undefined
  readonly #size: number
  #patches = 0

  private constructor({ directory, prefix, registry, proxy, size }: Parts) {
    this.#directory = directory
    this.#prefix = prefix
    this.#registry = registry
    this.#proxy = proxy
    this.#size = size
  }

  static async start(bench: Workbench, size: number, { counted = false } = {}): Promise<ImageSet> {
    const registry = await startRegistry()
    const proxy = counted ? { proxy: await startFaultProxy(registry) } : {}
    const set = new ImageSet({ directory: await bench.directory({}), prefix: bench.image(), registry, size, ...proxy })
    await pushBases(registry, set.#prefix)
    await set.#build()
    await set.#copy()
    return set
  }

  /** Applies or plans the stored resources; the registry's requests are counted. */
  async run(command: 'apply' | 'plan'): Promise<Measurement> {
    this.#proxy?.clear()
    const files = command === 'apply' ? ['--filename', join(this.#directory, 'all.yaml')] : []
    const measured = await measureCnb([command, ...files, '--state', this.#state], this.#env)
    return { ...measured, ...(this.#proxy ? { requests: this.#proxy.log.length } : {}) }
  }

  /** Adds a layer to the run image as it was built, and makes all images and the state those of the first build. */
  async patch(): Promise<void> {
    await rm(this.#state, { recursive: true })
    await cp(this.#stateBefore, this.#state, { recursive: true })
    for (const name of ['run', ...this.#names]) {
      const { document } = (await getDocument<StoredManifest>(this.#registry, this.#repository(name), BUILT))!
      await putDocument(this.#registry, this.#repository(name), 'latest', document)
    }
    await addLayer(this.#registry, this.#repository('run'), makeLayer(`patch ${++this.#patches}`))
  }

  /** Rebases the list of all images onto the run image. */
  async rebase(): Promise<Measurement> {
    const list = join(this.#directory, 'list')
    await writeFile(list, this.#names.map((name) => this.#named(name)).join('\n'))
    return measureCnb(['rebase', '--publish', '--from-file', list, '--run-image', this.#named('run'), '--force'])
  }

  /** Lists the refs of all sources, eight at once. */
  list(): Promise<Measurement> {
    const script = 'for at in $(seq "$1"); do echo "$2-$at"; done | xargs -P 8 -n 1 git ls-remote >/dev/null'
    return measure('sh', ['-c', script, 'sh', String(this.#size), `file://${this.#directory}/source`])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy?.[Symbol.asyncDispose]()
    await this.#registry[Symbol.asyncDispose]()
  }

  get #state(): string {
    return join(this.#directory, 'state')
  }

  get #stateBefore(): string {
    return `${this.#state}-before`
  }

  get #names(): string[] {
    return Array.from({ length: this.#size }, (_, at) => `image-${at + 1}`)
  }

  get #env(): Record<string, string> {
    return { CNB_CACHE_DIR: join(this.#directory, 'cache') }
  }

  #repository(name: string): string {
    return `${this.#prefix}-${name}`
  }

  #named(name: string): string {
    return `${(this.#proxy ?? this.#registry).address}/${this.#repository(name)}`
  }

  #yaml(images: readonly string[]): string {
    const kind = (name: string, meta: string, spec: string): string => `{apiVersion: kpack.io/v1alpha2, kind: ${name}, metadata: {${meta}}, spec: {${spec}}}`
    return [
      basesYaml((name) => this.#named(name)),
      ...images.map((name) => kind('Image', `name: ${name}, namespace: default`, `tag: "${this.#named(name)}", builder: {kind: Builder, name: base}, source: {git: {url: "file://${this.#directory}/source-${name.replace(/\D/g, '')}", revision: main}}`)),
    ].join('\n---\n')
  }

  async #build(): Promise<void> {
    const repository = makeIndex(join(this.#directory, 'source-'))
    for (const [file, content] of Object.entries(appFiles('true'))) repository.commit(file, content)
    const file = join(this.#directory, 'first.yaml')
    await writeFile(file, this.#yaml([FIRST]))
    await succeed(['apply', '--filename', file, '--state', this.#state, ...OPTIONS], { env: this.#env })
  }

  /** Writes the state that builds of all images leave, and their manifests. */
  async #copy(): Promise<void> {
    const objects = join(this.#state, 'objects/kpack.io')
    const builds = join(this.#state, 'builds/default')
    const [last = ''] = await readdir(builds)
    const files = [join(objects, 'Image/default', `${FIRST}.yaml`), join(objects, 'SourceResolver/default', `${FIRST}-source.yaml`), join(builds, last, 'build.yaml')]
    for (const name of this.#names) {
      const source = name.replace('image', 'source')
      await cp(join(this.#directory, 'source-'), join(this.#directory, source), { recursive: true })
      const renamed = (text: string): string => text.replaceAll('/source-', `/${source}`).replaceAll(FIRST, name)
      for (const file of files) {
        const target = renamed(file)
        await mkdir(join(target, '..'), { recursive: true })
        await writeFile(target, renamed(await readFile(file, 'utf8')))
      }
      await this.#copyImage(FIRST, name)
    }
    // 'latest' stays: a manifest that is written again has another digest, and the images would have another run image.
    await this.#copyImage('run', 'run', [BUILT])
    for (const file of files) await rm(file)
    await rm(join(builds, last), { recursive: true })
    await cp(this.#state, this.#stateBefore, { recursive: true })
    await writeFile(join(this.#directory, 'all.yaml'), this.#yaml(this.#names))
  }

  async #copyImage(from: string, to: string, tags = ['latest', BUILT]): Promise<void> {
    const { document } = (await getDocument<StoredManifest>(this.#registry, this.#repository(from), 'latest'))!
    for (const { digest } of [document.config, ...document.layers]) {
      await this.#registry.request('POST', `/v2/${this.#repository(to)}/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(this.#repository(from))}`)
    }
    for (const tag of tags) await putDocument(this.#registry, this.#repository(to), tag, document)
  }
}
