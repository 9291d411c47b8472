/** Complete builds on FakeEngine, with detector and builder as functions. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { EngineImage, EngineInfo } from '../../../src/docker/engine.ts'
import { stringifyToml, type TomlTable } from '../../../src/formats/toml.ts'
import type { Platform } from '../../../src/oci/platform.ts'
import type { BuildOptions } from '../../../src/operations/build/build-options.ts'
import { build } from '../../../src/operations/build/build.ts'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import type { EngineServices, RegistryServices } from '../../../src/operations/services.ts'
import { openRegistries } from '../../../src/registry/open-registries.ts'
import { FakeClock } from '../registry/registry-client.ts'
import { writeFiles } from '../workbench.ts'
import { FakeEngine, type FakeProcess } from './fake-engine.ts'
import type { FakeFiles } from './fake-files.ts'
import { loadFakeImage } from './fake-image.ts'
import { playSession } from './fake-session.ts'

export const BUILDER = 'some/builder:latest'
export const RUN_IMAGE = 'some/run'
/** The builder's buildpack. */
export const NODE = { id: 'test/node', version: '1.0.0' }

export interface FakeBuilder {
  readonly name?: string
  readonly uid?: number
  readonly platformApis?: readonly string[]
  readonly runImages?: readonly { readonly image: string; readonly mirrors?: readonly string[] }[]
  readonly labels?: Readonly<Record<string, string>>
  /** Makes the image's ID differ from otherwise equal images. */
  readonly description?: string
  /** Default: linux/amd64. */
  readonly platform?: Platform
}

/** Loads a builder image with the buildpack NODE, and returns its ID. */
export function loadFakeBuilder(engine: FakeEngine, builder: FakeBuilder = {}): Promise<string> {
  const { name = BUILDER, uid = 1001, platformApis = ['0.12', '0.15'], runImages = [{ image: RUN_IMAGE }], labels = {}, description = '', platform } = builder
  const supported = (versions: readonly string[]): object => ({ supported: versions, deprecated: [] })
  const metadata = {
    description,
    images: runImages,
    buildpacks: [NODE],
    lifecycle: { version: '0.21.0', apis: { buildpack: supported(['0.11']), platform: supported(platformApis) } },
  }
  const layers = { [NODE.id]: { [NODE.version]: { api: '0.11', layerDiffID: `sha256:${'b'.repeat(64)}` } } }
  const config = {
    User: `${uid}:1000`,
    Env: ['PATH=/bin', `CNB_USER_ID=${uid}`, 'CNB_GROUP_ID=1000'],
    Labels: {
      'io.buildpacks.builder.metadata': JSON.stringify(metadata),
      'io.buildpacks.buildpack.layers': JSON.stringify(layers),
      'io.buildpacks.buildpack.order': JSON.stringify([{ group: [NODE] }]),
      ...labels,
    },
  }
  return loadFakeImage(engine, name, config, { 'cnb/order.toml': '', 'cnb/lifecycle/launcher': 'the launcher', }, platform)
}

/** The content of a layer's TOML file. */
export interface FakeLayer {
  readonly launch?: boolean
  readonly build?: boolean
  readonly cache?: boolean
  readonly metadata?: TomlTable
  /** Undefined leaves the directory unchanged or missing. */
  readonly files?: Readonly<Record<string, string>>
}

/** The API for a fake buildpack; the build user owns all files that it writes. */
class FakeBuild {
  readonly files: FakeFiles
  readonly #owner: { readonly uid: number; readonly gid: number }

  constructor({ files, user }: FakeProcess) {
    const [uid = 0, gid = 0] = user.split(':').map(Number)
    this.files = files
    this.#owner = { uid, gid }
  }

  /** Writes a file below `/layers`, and creates its parents. */
  write(path: string, content: string): void {
    path.split('/').slice(0, -1).reduce((parent, name) => {
      const directory = `${parent}/${name}`
      if (!this.files.list(directory).some(([each, { header }]) => each === directory && header.uid !== undefined)) this.directory(directory)
      return directory
    }, '/layers')
    this.files.write(`/layers/${path}`, content, this.#owner)
  }

  /** Creates a directory at an absolute path. */
  directory(path: string, mode = 0o755): void {
    this.files.write(path, '', { ...this.#owner, type: 'directory', mode })
  }

  read(path: string): string | undefined {
    return this.files.read(`/layers/${path}`)?.toString()
  }

  /** Writes a layer of NODE. */
  layer(name: string, { launch = false, build: forBuild = false, cache = false, metadata, files }: FakeLayer): void {
    const types = { launch, build: forBuild, cache }
    this.write(`test_node/${name}.toml`, stringifyToml({ types, ...(metadata ? { metadata } : {}) }))
    for (const [path, content] of Object.entries(files ?? {})) this.write(`test_node/${name}/${path}`, content)
  }
}

export interface FakeBuilds extends EngineServices, RegistryServices {
  readonly engine: FakeEngine
  /** The app's directory, which is also the working directory. */
  readonly app: string
  readonly events: CnbEvent[]
  sweep: () => Promise<void>
  /** The build of NODE; a number is its exit code. */
  detect: (process: FakeProcess) => number | void | Promise<number | void>
  work: (build: FakeBuild, process: FakeProcess) => number | void | Promise<number | void>
  /** Builds `my-app`. */
  build(options?: Partial<BuildOptions>, signal?: AbortSignal): Promise<BuildResult>
  /** Returns the lines of phases, warnings and infos since the last call. */
  takeLines(): string[]
  /** Returns the contents of the image's layers above the run image's, by path. */
  contents(name?: string): Promise<Map<string, string>>
  image(name?: string): Promise<EngineImage>
  /** The files of the app's volume of that kind, below `/volume`; tests can change them. */
  volume(kind: 'layers' | 'build'): Promise<FakeFiles>
  /** Returns the containers and volumes on the engine. */
  leftOvers(): Promise<{ containers: number; volumes: string[] }>
}

const GROUP = stringifyToml({ group: [{ ...NODE, api: '0.11' }] })
const PROCESSES = stringifyToml({
  'buildpack-default-process-type': 'web',
  buildpacks: [{ ...NODE, api: '0.11' }],
  processes: [{ type: 'web', command: ['node'], args: ['server.js'], direct: true, 'buildpack-id': NODE.id }],
})

/** Creates a bench for one test; disposal removes its directories. */
export async function openFakeBuilds(info: Partial<EngineInfo> = {}): Promise<FakeBuilds> {
  const engine = new FakeEngine(info)
  await loadFakeBuilder(engine)
  await loadFakeImage(engine, RUN_IMAGE, { Env: ['PATH=/usr/bin'] }, { 'etc/run': 'run image' })
  const scratch = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const app = join(scratch.path, 'app')
  await mkdir(app)
  await writeFiles(app, { 'server.js': 'serve()' })
  const home = join(scratch.path, 'home')
  await mkdir(home)
  const events: CnbEvent[] = []
  const builds: FakeBuilds = {
    engine,
    app,
    events,
    owner: 'me:1:2',
    host: { env: { PACK_VOLUME_KEY: 'key' }, cwd: app, home },
    platform: { os: 'linux', architecture: 'amd64' },
    sweep: async () => {},
    credentials: async () => undefined,
    keychain: async () => async () => undefined,
    registries: async (settings) => {
      const registries = openRegistries({ ...settings, keychain: async () => undefined, env: {}, userAgent: 'cnb-test', clock: new FakeClock(), warn: () => {} })
      onTestFinished(() => registries.close())
      return registries
    },
    detect: () => {},
    work: (made) => made.layer('dist', { launch: true, cache: true, metadata: { version: '1' }, files: { 'bin/node': 'node' } }),
    build: (options = {}, signal) =>
      build({ image: 'my-app', builder: BUILDER, pullPolicy: 'never', ...options }, builds, { signal, events: (event) => events.push(event) }),
    takeLines: () => events.splice(0).flatMap((event) => (event.type === 'phase.line' ? [event.line] : 'message' in event ? [event.message] : [])),
    contents: (name) => contentsOf(engine, name ?? 'my-app'),
    image: (name = 'my-app') => imageOf(engine, name),
    volume: async (kind) => {
      const source = (await engine.volumes.list('dev.cnb.cache')).find(({ name }) => name.endsWith(`.${kind}`))?.name ?? ''
      await using container = await engine.containers.create({ image: BUILDER, command: ['/nothing'], mounts: [{ type: 'volume', source, target: '/volume' }] })
      return engine.state.get(container.id)!.files
    },
    leftOvers: async () => {
      const volumes = [...(await engine.volumes.list('dev.cnb.owner')), ...(await engine.volumes.list('dev.cnb.cache'))]
      return { containers: engine.state.size, volumes: volumes.map(({ name }) => name.replace(/-[0-9a-f]{12}\./, '.')).sort() }
    },
  }
  engine.programs.set('/bin/sh', playSession(engine))
  engine.programs.set('/cnb/lifecycle/detector', async (process) => {
    const code = (await builds.detect(process)) ?? 0
    if (code === 0 && process.files.read('/layers/group.toml') === undefined) process.files.write('/layers/group.toml', GROUP)
    return code
  })
  engine.programs.set('/cnb/lifecycle/builder', async (process) => {
    const made = new FakeBuild(process)
    made.write('config/metadata.toml', PROCESSES)
    if (made.files.read('/layers/test_node') === undefined) made.directory('/layers/test_node')
    return (await builds.work(made, process)) ?? 0
  })
  return builds
}

async function imageOf(engine: FakeEngine, name: string): Promise<EngineImage> {
  const image = await engine.images.inspect(name)
  if (!image) throw new CnbError('CNB_IMAGE_NOT_FOUND', `the fake engine has no image '${name}'`)
  return image
}

async function contentsOf(engine: FakeEngine, name: string): Promise<Map<string, string>> {
  const { id } = await imageOf(engine, name)
  await using container = await engine.containers.create({ image: id, command: ['/nothing'] })
  const { files } = engine.state.get(container.id)!
  return new Map(files.list('/').filter(([, { header }]) => header.type === 'file').map(([path, { content }]) => [path, content.toString()]))
}
