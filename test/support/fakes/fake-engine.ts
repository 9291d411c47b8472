/**
 * An Engine in memory: images are data, containers keep uploaded files, and programs are functions.
 * The suite in test/contract/engine holds it to what real engines do.
 */

import { randomBytes } from 'node:crypto'
import { PassThrough, Readable, type Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { abortError, CnbError, throwIfAborted } from '../../../src/base/errors.ts'
import type { Context } from '../../../src/base/events.ts'
import type {
  Container, ContainerOutput, Containers, ContainerSpec, Content, AttachedContainer, Engine, EngineImage, EngineImages, EngineInfo, PullOptions,
  Volumes,
} from '../../../src/docker/engine.ts'
import { digestOf, type Digest } from '../../../src/oci/digest.ts'
import { formatPlatform } from '../../../src/oci/platform.ts'
import { FakeFiles, packFiles, readTar, type FakeFile } from './fake-files.ts'
import { ContainerdImages, fail, GraphDriverImages, nameOf, type FakeImage, type FakeImages } from './fake-images.ts'

export interface FakeProcess {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly workingDir: string
  readonly files: FakeFiles
  /** Ends immediately in a container without input. */
  readonly stdin: Readable
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  readonly signal: AbortSignal
}

/** The program of a container; it returns the exit code. */
export type FakeProgram = (process: FakeProcess) => Promise<number>

/** A started program; `stop` ends it as SIGTERM does. */
interface FakeAttachment extends AttachedContainer {
  stop(): Promise<void>
}

interface FakeContainerState {
  readonly spec: ContainerSpec
  readonly files: FakeFiles
}

export class FakeEngine implements Engine {
  readonly address = 'tcp://fake-engine:2375'
  /** Programs by the first element of a container's command. */
  readonly programs = new Map<string, FakeProgram>()
  /** The archives of images that can be pulled, by familiar name, or by name and platform: `some/image:1 linux/arm64`. */
  readonly registry = new Map<string, Buffer>()
  readonly state = new Map<string, FakeContainerState>()
  /** The specifications of all containers in order of creation. */
  readonly created: ContainerSpec[] = []
  /** The paths that were read from containers. */
  readonly reads: string[] = []
  /** The content store by digest; undefined with a graph driver. Tests can remove or change blobs. */
  readonly blobs: Map<Digest, Buffer>
  readonly #images: FakeImages
  readonly #tags = new Map<string, string>()
  readonly #volumes = new Map<string, { labels: Record<string, string>; files: Map<string, FakeFile> }>()
  readonly #info: EngineInfo

  constructor(info: Partial<EngineInfo> = {}) {
    const platform = { os: 'linux', architecture: 'amd64' }
    this.#info = { product: 'docker', version: '0.0.0', apiVersion: '1.41', platform, imageStore: 'graphdriver', securityOptions: [], ...info }
    const contents = new ContainerdImages()
    this.blobs = contents.blobs
    this.#images = this.#info.imageStore === 'containerd' ? contents : new GraphDriverImages()
    this.content = {
      info: async (digest, context) => {
        throwIfAborted(context?.signal)
        return contents.info(digest)
      },
      read: async (digest, context) => {
        throwIfAborted(context?.signal)
        const blob = this.blobs.get(digest)
        return blob && Readable.from(checked(blob, digest), { objectMode: false })
      },
    }
  }

  async info(): Promise<EngineInfo> {
    return this.#info
  }

  reportingTo(): this {
    return this
  }

  close(): void {}

  readonly content: Content

  readonly images: EngineImages = {
    inspect: async (reference) => {
      const image = this.#find(reference)
      return image && { ...image, tags: [...this.#tags].filter(([, id]) => id === image.id).map(([name]) => name) }
    },
    history: async (reference) => [...this.#get(reference).history],
    pull: async (reference: string, { platform }: PullOptions = {}, context: Context = {}) => {
      context.events?.({ type: 'pull.start', reference })
      try {
        const archive = this.registry.get(`${nameOf(reference)} ${platform && formatPlatform(platform)}`) ?? this.registry.get(nameOf(reference))
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
      const { files, entry } = this.#images.save(image.id)
      const RepoTags = [...this.#tags].filter(([name, id]) => id === image.id && nameOf(reference) === name).map(([name]) => name)
      return packFiles([...files, ['manifest.json', JSON.stringify([{ ...entry, RepoTags }])]])
    },
    tag: async (source, target) => {
      this.#tags.set(nameOf(target), this.#get(source).id)
    },
    remove: async (reference) => {
      const image = this.#find(reference)
      if (!image) return
      if (image.id === reference) for (const [name, id] of this.#tags) if (id === image.id) this.#tags.delete(name)
      this.#tags.delete(nameOf(reference))
      if (![...this.#tags.values()].includes(image.id)) this.#images.remove(image.id)
    },
  }

  readonly volumes: Volumes = {
    exists: async (name) => this.#volumes.has(name),
    labels: async (name) => this.#volumes.get(name)?.labels,
    create: async (name, labels) => {
      const made = this.#volumes.get(name) ?? { labels: { ...labels }, files: new Map() }
      this.#volumes.set(name, made)
      return Object.entries(labels).every(([label, value]) => made.labels[label] === value)
    },
    remove: async (name) => {
      const uses = (spec: ContainerSpec): boolean => spec.mounts?.some((mount) => mount.type === 'volume' && mount.source === name) ?? false
      if ([...this.state.values()].some(({ spec }) => uses(spec))) fail(`remove ${name}: volume is in use`, 409)
      this.#volumes.delete(name)
    },
    list: async (label) =>
      [...this.#volumes].filter(([, { labels }]) => label === undefined || label in labels).map(([name, { labels }]) => ({ name, labels, created: Date.now() })),
    sizes: async () => new Map([...this.#volumes].map(([name, { files }]) => [name, [...files.values()].reduce((sum, { content }) => sum + content.length, 0)])),
  }

  readonly containers: Containers = {
    create: async (spec, context) => {
      throwIfAborted(context?.signal)
      const image = this.#find(spec.image) ?? fail(`No such image: ${spec.image}`, 404)
      const holder = [...this.state].find(([, { spec: { name } }]) => name !== undefined && name === spec.name)
      if (holder) fail(`Conflict. The container name "/${spec.name}" is already in use by container "${holder[0]}".`, 409)
      const files = new FakeFiles()
      for (const layer of image.layers) files.add('/', await readTar(layer))
      for (const mount of spec.mounts ?? []) {
        if (mount.type === 'bind') fail(`bind source path does not exist: ${mount.source}`)
        // An anonymous volume belongs to this container and is removed with it.
        if (mount.source === '') {
          files.mount(mount.target, new Map())
          continue
        }
        if (!this.#volumes.has(mount.source)) this.#volumes.set(mount.source, { labels: { ...mount.labels }, files: new Map() })
        files.mount(mount.target, this.#volumes.get(mount.source)!.files)
      }
      const id = randomBytes(32).toString('hex')
      throwIfAborted(context?.signal)
      this.state.set(id, { spec, files })
      this.created.push(spec)
      return this.#container(id, image.config)
    },
    list: async (label) =>
      [...this.state].filter(([, { spec }]) => label in (spec.labels ?? {})).map(([id, { spec }]) => ({ id, name: spec.name ?? `cnb-${id.slice(0, 16)}`, image: this.#find(spec.image)?.id ?? '', labels: { ...spec.labels }, created: Date.now(), running: false, volumes: (spec.mounts ?? []).flatMap(({ type, source }) => (type === 'volume' ? source : [])) })),
    start: async () => {},
    kill: async () => {},
    exec: async () => fail('the fake engine runs no other programs'),
    remove: async (id) => {
      this.state.delete(id)
    },
  }

  #container(id: string, config: EngineImage['config']): Container {
    const remove = (): Promise<void> => this.containers.remove(id)
    const running = new Set<FakeAttachment>()
    const state = (): FakeContainerState => this.state.get(id) ?? fail(`No such container: ${id}`)
    return {
      id,
      remove,
      leave: remove,
      keep: async () => fail('the fake engine renames no containers'),
      [Symbol.asyncDispose]: remove,
      putArchive: async (path, tar) => {
        if (!state().files.has(path)) {
          if (!Buffer.isBuffer(tar)) tar.destroy()
          fail(`Could not find the file ${path}`)
        }
        state().files.add(path, await readTar(Buffer.isBuffer(tar) ? tar : await buffer(tar)))
      },
      getArchive: async (path) => {
        this.reads.push(path)
        return state().files.has(path) ? state().files.archive(path) : undefined
      },
      run: async (output, context) => {
        await using conversation = await this.#start(state(), config, output, context)
        conversation.stdin.end()
        return await conversation.exitCode
      },
      attach: async (output, context) => {
        const attached = await this.#start(state(), config, output, context)
        if (!state().spec.stdin) attached.stdin.end()
        running.add(attached)
        return attached
      },
      start: async (context) => void running.add(await this.#start(state(), config, {}, context)),
      stop: async () => {
        for (const attached of running) await attached.stop()
      },
    }
  }

  async #start(state: FakeContainerState, config: EngineImage['config'], output: ContainerOutput, context: Context = {}): Promise<FakeAttachment> {
    const { spec, files } = state
    throwIfAborted(context.signal)
    const hangUp = new AbortController()
    const signal = AbortSignal.any([hangUp.signal, ...(context.signal ? [context.signal] : [])])
    const [path = '', ...args] = spec.command
    const program = this.programs.get(path) ?? fail(`exec: "${path}": no such file or directory`)
    const env = Object.fromEntries([...(config.Env ?? []), ...(spec.env ?? [])].map((line) => line.split(/=(.*)/s, 2) as [string, string]))
    const workingDir = spec.workingDir ?? (config.WorkingDir || '/')
    const stdin = new PassThrough()
    // A write to an ended program does not fail; its exit code reports the end.
    stdin.on('error', () => {})
    const process = { args, env, user: spec.user ?? config.User ?? '', workingDir, files, stdin, stdout: output.stdout, stderr: output.stderr, signal }
    const killed = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(abortError(signal)), { once: true }))
    let terminate = (_code: number): void => {}
    const terminated = new Promise<number>((resolve) => (terminate = resolve))
    const exitCode = Promise.race([program(process), killed, terminated]).finally(() => stdin.destroy())
    exitCode.catch(() => {})
    const end = async (): Promise<void> => {
      hangUp.abort()
      await exitCode.catch(() => {})
    }
    const stop = async (): Promise<void> => {
      terminate(143)
      await exitCode.catch(() => {})
    }
    return { stdin, exitCode, stop, [Symbol.asyncDispose]: end }
  }

  #find(reference: string): FakeImage | undefined {
    return this.#images.find(reference) ?? this.#images.find(this.#tags.get(nameOf(reference)) ?? '')
  }

  #get(reference: string): FakeImage {
    const image = this.#find(reference)
    if (!image) throw new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image ${reference}`)
    return image
  }

  async #load(archive: Buffer): Promise<string[]> {
    const files = (await readTar(archive).catch(() => fail('not a tar'))).filter(({ header }) => header.type === 'file')
    const loaded: string[] = []
    const failures: string[] = []
    for (const { id, names, failure } of this.#images.load(new Map(files.map(({ name, content }) => [name, content])))) {
      for (const name of names) this.#tags.set(nameOf(name), id)
      loaded.push(...(names.length > 0 ? names.map(nameOf) : [id]))
      if (failure !== undefined) failures.push(failure)
    }
    if (failures.length > 0) fail(failures.join('\n'))
    return loaded
  }
}

async function* checked(blob: Buffer, digest: Digest): AsyncGenerator<Buffer> {
  yield blob
  if (digestOf(blob) !== digest) throw new CnbError('CNB_IMAGE_INVALID', `the blob ${digest} has another digest`)
}
