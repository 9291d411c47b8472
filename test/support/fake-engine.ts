/**
 * An Engine in memory: images are data, containers keep the files that are put into them, and programs are functions.
 * The suite in test/contract/engine holds it to what real engines do.
 */

import { randomBytes } from 'node:crypto'
import type { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { abortError, CnbError, throwIfAborted } from '../../src/base/errors.ts'
import type { Context } from '../../src/base/events.ts'
import type {
  Container, ContainerOutput, Containers, ContainerSpec, Engine, EngineHistory, EngineImage, EngineImages, EngineInfo, PullOptions, Volumes,
} from '../../src/docker/engine.ts'
import type { ImageConfig } from '../../src/oci/config.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { familiarName, parseReference } from '../../src/oci/reference.ts'
import { FakeFiles, packFiles, readTar, type FakeFile } from './fake-files.ts'

interface FakeProcess {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly workingDir: string
  readonly files: FakeFiles
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  readonly signal: AbortSignal
}

/** What a container's program does; its result is the exit code. */
export type FakeProgram = (process: FakeProcess) => Promise<number>

interface FakeImage extends EngineImage {
  /** The image's docker-archive entries, for `save`. */
  readonly configBytes: Buffer
  readonly layers: readonly Buffer[]
  readonly history: readonly EngineHistory[]
}

/** An entry of a docker-archive's manifest.json. */
interface ManifestEntry {
  Config: string
  RepoTags: string[] | null
  Layers: string[]
}

interface FakeContainerState {
  readonly spec: ContainerSpec
  readonly files: FakeFiles
}

function fail(words: string): never {
  throw new CnbError('CNB_ENGINE_FAILED', words)
}

const nameOf = (reference: string): string => familiarName(parseReference(reference))

export class FakeEngine implements Engine {
  readonly address = 'fake://engine'
  /** By the path that a container's command starts with. */
  readonly programs = new Map<string, FakeProgram>()
  /** Docker-archives that `pull` finds, by familiar name. */
  readonly registry = new Map<string, Buffer>()
  readonly state = new Map<string, FakeContainerState>()
  readonly #images = new Map<string, FakeImage>()
  readonly #tags = new Map<string, string>()
  readonly #volumes = new Map<string, { labels: Record<string, string>; files: Map<string, FakeFile> }>()
  readonly #info: EngineInfo

  constructor(info: Partial<EngineInfo> = {}) {
    const platform = { os: 'linux', architecture: 'amd64' }
    this.#info = { version: '0.0.0', apiVersion: '1.41', platform, imageStore: 'graphdriver', securityOptions: [], ...info }
  }

  async info(): Promise<EngineInfo> {
    return this.#info
  }

  close(): void {}

  readonly images: EngineImages = {
    inspect: async (reference) => {
      const image = this.#find(reference)
      return image && { ...image, tags: [...this.#tags].filter(([, id]) => id === image.id).map(([name]) => name) }
    },
    history: async (reference) => [...this.#get(reference).history],
    pull: async (reference: string, _options?: PullOptions, context: Context = {}) => {
      context.events?.({ type: 'pull.start', reference })
      try {
        const archive = this.registry.get(nameOf(reference))
        if (!archive) throw new CnbError('CNB_IMAGE_NOT_FOUND', `cannot pull ${reference}: manifest unknown`)
        await this.#load(archive)
      } finally {
        context.events?.({ type: 'pull.end', reference, durationMs: 0 })
      }
    },
    load: async (tar, context) => {
      throwIfAborted(context?.signal)
      return this.#load(await buffer(tar))
    },
    save: async (reference) => {
      const image = this.#get(reference)
      const layers = image.layers.map((layer, index) => [`${index}.tar`, layer] as const)
      const Layers = layers.map(([name]) => name)
      const RepoTags = [...this.#tags].filter(([name, id]) => id === image.id && nameOf(reference) === name).map(([name]) => name)
      const manifest = Buffer.from(JSON.stringify([{ Config: 'config.json', RepoTags, Layers }]))
      return packFiles([['config.json', image.configBytes], ...layers, ['manifest.json', manifest]])
    },
    tag: async (source, target) => {
      this.#tags.set(nameOf(target), this.#get(source).id)
    },
    remove: async (reference) => {
      const image = this.#find(reference)
      if (!image) return
      if (image.id === reference) for (const [name, id] of this.#tags) if (id === image.id) this.#tags.delete(name)
      this.#tags.delete(nameOf(reference))
      if (![...this.#tags.values()].includes(image.id)) this.#images.delete(image.id)
    },
  }

  readonly volumes: Volumes = {
    create: async (name, labels) => {
      if (this.#volumes.has(name)) return false
      this.#volumes.set(name, { labels: { ...labels }, files: new Map() })
      return true
    },
    remove: async (name) => {
      const uses = (spec: ContainerSpec): boolean => spec.mounts?.some((mount) => mount.type === 'volume' && mount.source === name) ?? false
      if ([...this.state.values()].some(({ spec }) => uses(spec))) fail(`remove ${name}: volume is in use`)
      this.#volumes.delete(name)
    },
    list: async (label) => [...this.#volumes].filter(([, { labels }]) => label in labels).map(([name, { labels }]) => ({ name, labels })),
  }

  readonly containers: Containers = {
    create: async (spec, context) => {
      throwIfAborted(context?.signal)
      const image = this.#find(spec.image) ?? fail(`No such image: ${spec.image}`)
      const files = new FakeFiles()
      for (const layer of image.layers) files.add('/', await readTar(layer))
      for (const mount of spec.mounts ?? []) {
        if (mount.type === 'bind') fail(`bind source path does not exist: ${mount.source}`)
        if (!this.#volumes.has(mount.source)) this.#volumes.set(mount.source, { labels: {}, files: new Map() })
        files.mount(mount.target, this.#volumes.get(mount.source)!.files)
      }
      const id = randomBytes(32).toString('hex')
      throwIfAborted(context?.signal)
      this.state.set(id, { spec, files })
      return this.#container(id, image.config)
    },
    list: async (label) =>
      [...this.state].filter(([, { spec }]) => label in (spec.labels ?? {})).map(([id, { spec }]) => ({ id, labels: { ...spec.labels } })),
    remove: async (id) => {
      this.state.delete(id)
    },
  }

  #container(id: string, config: EngineImage['config']): Container {
    const remove = (): Promise<void> => this.containers.remove(id)
    const state = (): FakeContainerState => this.state.get(id) ?? fail(`No such container: ${id}`)
    return {
      id,
      remove,
      [Symbol.asyncDispose]: remove,
      putArchive: async (path, tar) => {
        if (!state().files.has(path)) {
          if (!Buffer.isBuffer(tar)) tar.destroy()
          fail(`Could not find the file ${path}`)
        }
        state().files.add(path, await readTar(Buffer.isBuffer(tar) ? tar : await buffer(tar)))
      },
      getArchive: async (path) => (state().files.has(path) ? state().files.archive(path) : undefined),
      run: (output, context) => this.#run(state(), config, output, context),
    }
  }

  async #run(state: FakeContainerState, config: EngineImage['config'], output: ContainerOutput, context: Context = {}): Promise<number> {
    const { spec, files } = state
    const signal = context.signal ?? new AbortController().signal
    throwIfAborted(signal)
    const [path = '', ...args] = spec.command
    const program = this.programs.get(path) ?? fail(`exec: "${path}": no such file or directory`)
    const env = Object.fromEntries([...(config.Env ?? []), ...(spec.env ?? [])].map((line) => line.split(/=(.*)/s, 2) as [string, string]))
    const workingDir = spec.workingDir ?? (config.WorkingDir || '/')
    const process = { args, env, user: spec.user ?? config.User ?? '', workingDir, files, ...output }
    const killed = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(abortError(signal)), { once: true }))
    return Promise.race([program({ stdout: undefined, stderr: undefined, ...process, signal }), killed])
  }

  #find(reference: string): FakeImage | undefined {
    return this.#images.get(reference) ?? this.#images.get(this.#tags.get(nameOf(reference)) ?? '')
  }

  #get(reference: string): FakeImage {
    const image = this.#find(reference)
    if (!image) throw new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image ${reference}`)
    return image
  }

  async #load(archive: Buffer): Promise<string[]> {
    const entries = new Map((await readTar(archive).catch(() => fail('not a tar'))).map(({ name, content }) => [name, content]))
    const manifest = entries.get('manifest.json') ?? fail('the archive has no manifest.json')
    const loaded: string[] = []
    for (const { Config, RepoTags, Layers } of JSON.parse(manifest.toString()) as ManifestEntry[]) {
      const configBytes = entries.get(Config) ?? fail(`the archive has no ${Config}`)
      const layers = Layers.map((path) => entries.get(path) ?? fail(`the archive has no ${path}`))
      const document = JSON.parse(configBytes.toString()) as ImageConfig
      const id = digestOf(configBytes)
      this.#images.set(id, {
        id, configBytes, layers, repoDigests: [], tags: [],
        platform: { os: document.os, architecture: document.architecture, variant: document.variant },
        osVersion: document['os.version'], created: document.created, author: document.author,
        config: document.config, diffIds: document.rootfs.diff_ids, size: layers.reduce((sum, layer) => sum + layer.length, 0),
        history: (document.history ?? []).map(({ created, created_by, comment }, index) => ({
          created: Date.parse(created ?? '') / 1000 || 0,
          createdBy: created_by ?? '',
          comment: comment ?? '',
          size: layers[index]?.length ?? 0,
        })).reverse(),
      })
      for (const tag of RepoTags ?? []) this.#tags.set(nameOf(tag), id)
      loaded.push(...(RepoTags?.length ? RepoTags.map(nameOf) : [id]))
    }
    return loaded
  }
}

