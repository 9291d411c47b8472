/** The Engine interface, implemented over dockerode. */

import type { Context, EventSink } from '../base/events.ts'
import type { EngineClient } from './connection/client.ts'
import { makeContent } from './content/content.ts'
import { type EngineTraits, makeContainers } from './containers.ts'
import type { Containers, Content, Engine, EngineImages, EngineInfo, Volumes } from './engine.ts'
import { makeEngineImages } from './engine-images.ts'
import { GrpcSession } from './content/grpc-session.ts'
import { recordOf, stringOf, stringsOf } from '../formats/lenient-values.ts'
import type { LeftContainers } from './remove-container.ts'
import { makeVolumes } from './volumes.ts'

/** The state of a connection, for all its receivers of spans. */
interface Shared {
  readonly session: GrpcSession
  /** Only if the process ends after its last call. */
  readonly left?: LeftContainers | undefined
  greeting?: Greeting
  info?: EngineInfo
}

/** The engine's properties that the headers of its reply to a ping have. */
type Greeting = Pick<EngineInfo, 'product' | 'apiVersion'>

export class DockerodeEngine implements Engine {
  readonly address: string
  readonly containers: Containers
  readonly images: EngineImages
  readonly volumes: Volumes
  readonly content: Content
  readonly #client: EngineClient
  readonly #shared: Shared

  constructor(client: EngineClient, shared: Shared = { session: new GrpcSession(client) }) {
    this.address = client.endpoint.address
    this.#client = client
    this.#shared = shared
    this.containers = makeContainers(this.#client, () => this.#traits())
    this.images = makeEngineImages(this.#client, (context) => this.info(context))
    this.volumes = makeVolumes(this.#client)
    this.content = makeContent({ client: this.#client, session: shared.session, info: (context) => this.info(context) })
  }

  /** Checks that the engine responds. @throws CnbError CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED */
  async ping(context: Context = {}): Promise<void> {
    const headers = await this.#client.headers({ task: 'cannot reach the container engine', method: 'GET', path: '/_ping', signal: context.signal })
    this.#shared.greeting = {
      product: 'libpod-api-version' in headers ? 'podman' : 'docker',
      apiVersion: stringOf(headers['api-version']) ?? '',
    }
  }

  async #greeting(context: Context): Promise<Greeting> {
    if (!this.#shared.greeting) await this.ping(context)
    return this.#shared.greeting!
  }

  /**
   * Requested once per connection: an engine's properties do not change. `/version` has the same, but the engine runs programs for each
   * of the two requests.
   */
  async info(context: Context = {}): Promise<EngineInfo> {
    if (this.#shared.info) return this.#shared.info
    const request = { task: 'cannot read the properties of the engine', method: 'GET', path: '/info', signal: context.signal } as const
    const [greeting, info] = await Promise.all([this.#greeting(context), this.#client.json(request).then(recordOf)])
    const ahead = Date.parse(stringOf(info.SystemTime) ?? '') - Date.now()
    this.#shared.info = {
      ...greeting,
      version: stringOf(info.ServerVersion) ?? 'unknown',
      platform: { os: stringOf(info.OSType) ?? 'linux', architecture: goArchitecture(stringOf(info.Architecture) ?? '') },
      imageStore: usesContainerd(info.DriverStatus) ? 'containerd' : 'graphdriver',
      securityOptions: stringsOf(info.SecurityOptions),
      driver: stringOf(info.Driver),
      rootDirectory: stringOf(info.DockerRootDir),
      system: stringOf(info.OperatingSystem),
      aheadMs: Number.isNaN(ahead) ? undefined : ahead,
      // The engine describes a program that it could not run with this ID, and podman none.
      hasInit: Boolean(stringOf(info.InitBinary)) && stringOf(recordOf(info.InitCommit).ID) !== 'N/A',
      usesProxy: stringOf(info.HttpsProxy) !== undefined || stringOf(info.HttpProxy) !== undefined,
    }
    return this.#shared.info
  }

  /** Podman ends a removal with its connection. A connection over a network may lose the last request. */
  async #traits(): Promise<EngineTraits> {
    const { product } = await this.#greeting({})
    const isLocal = this.#client.endpoint.transport.kind === 'socket'
    return { product, left: isLocal && product === 'docker' ? this.#shared.left : undefined }
  }

  reportingTo(events: EventSink | undefined): Engine {
    return new DockerodeEngine(this.#client.reportingTo(events), this.#shared)
  }

  close(): void {
    this.#shared.session.close()
    this.#client.close()
  }
}

/** Go's names of architectures, which images use, by the kernel's (uname(2)), which Docker reports. Podman reports Go's. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  ...{ armv6l: 'arm', armv7l: 'arm', armv8l: 'arm' },
  ...{ i386: '386', i586: '386', i686: '386' },
  loongarch64: 'loong64',
}

function goArchitecture(name: string): string {
  return ARCHITECTURES[name] ?? name
}

/** The engine lists its storage driver's properties as pairs; this one exists only with the containerd image store. */
function usesContainerd(driverStatus: unknown): boolean {
  const pairs: unknown[] = Array.isArray(driverStatus) ? driverStatus : []
  return pairs.some((pair) => Array.isArray(pair) && pair[0] === 'driver-type' && pair[1] === 'io.containerd.snapshotter.v1')
}
