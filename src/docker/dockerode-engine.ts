/** The Engine interface, implemented over dockerode. */

import type { Context, EventSink } from '../base/events.ts'
import type { EngineClient } from './connection/client.ts'
import { makeContent } from './content/content.ts'
import { makeContainers } from './containers.ts'
import type { Containers, Content, Engine, EngineImages, EngineInfo, Volumes } from './engine.ts'
import { makeEngineImages } from './engine-images.ts'
import { GrpcSession } from './content/grpc-session.ts'
import { recordOf, recordsOf, stringOf, stringsOf } from '../formats/lenient-values.ts'
import type { LeftContainers } from './remove-container.ts'
import { makeVolumes } from './volumes.ts'

/** The state of a connection, for all its receivers of spans. */
interface Shared {
  readonly session: GrpcSession
  /** Only if the process ends after its last call. */
  readonly left?: LeftContainers | undefined
  info?: EngineInfo
}

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
    this.containers = makeContainers(this.#client, () => this.#leftContainers())
    this.images = makeEngineImages(this.#client, (context) => this.info(context))
    this.volumes = makeVolumes(this.#client)
    this.content = makeContent({ client: this.#client, session: shared.session, info: (context) => this.info(context) })
  }

  /** Checks that the engine responds. @throws CnbError CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED */
  async ping(context: Context = {}): Promise<void> {
    await this.#client.text({ task: 'cannot reach the container engine', method: 'GET', path: '/_ping', signal: context.signal })
  }

  /** Requested once per connection: an engine's properties do not change. */
  async info(context: Context = {}): Promise<EngineInfo> {
    if (this.#shared.info) return this.#shared.info
    const ask = async (path: string): Promise<Record<string, unknown>> =>
      recordOf(await this.#client.json({ task: 'cannot read the version of the engine', method: 'GET', path, signal: context.signal }))
    const [version, info] = await Promise.all([ask('/version'), ask('/info')])
    this.#shared.info = {
      product: recordsOf(version.Components).some(({ Name }) => Name === 'Podman Engine') ? 'podman' : 'docker',
      version: stringOf(version.Version) ?? 'unknown',
      apiVersion: stringOf(version.ApiVersion) ?? '',
      platform: { os: stringOf(version.Os) ?? 'linux', architecture: stringOf(version.Arch) ?? '' },
      imageStore: usesContainerd(info.DriverStatus) ? 'containerd' : 'graphdriver',
      securityOptions: stringsOf(info.SecurityOptions),
    }
    return this.#shared.info
  }

  /** Podman ends a removal with its connection. A connection over a network may lose the last request. */
  async #leftContainers(): Promise<LeftContainers | undefined> {
    const { left } = this.#shared
    const isLocal = this.#client.endpoint.transport.kind === 'socket'
    return left && isLocal && (await this.info()).product === 'docker' ? left : undefined
  }

  reportingTo(events: EventSink | undefined): Engine {
    return new DockerodeEngine(this.#client.reportingTo(events), this.#shared)
  }

  close(): void {
    this.#shared.session.close()
    this.#client.close()
  }
}

/** The engine lists its storage driver's properties as pairs; this one exists only with the containerd image store. */
function usesContainerd(driverStatus: unknown): boolean {
  const pairs: unknown[] = Array.isArray(driverStatus) ? driverStatus : []
  return pairs.some((pair) => Array.isArray(pair) && pair[0] === 'driver-type' && pair[1] === 'io.containerd.snapshotter.v1')
}
