/** The Engine interface, implemented over dockerode. */

import type { Context, EventSink } from '../base/events.ts'
import { EngineClient } from './connection/client.ts'
import { makeContent } from './content/content.ts'
import { makeContainers } from './containers.ts'
import type { Containers, Content, Engine, EngineImages, EngineInfo, Volumes } from './engine.ts'
import { makeEngineImages } from './engine-images.ts'
import type { Endpoint } from './connection/endpoint.ts'
import { GrpcSession } from './content/grpc-session.ts'
import { recordOf, recordsOf, stringOf, stringsOf } from '../formats/lenient-values.ts'
import { lastWords } from './connection/last-words.ts'
import { makeVolumes } from './volumes.ts'

export class DockerodeEngine implements Engine {
  readonly address: string
  readonly containers: Containers
  readonly images: EngineImages
  readonly volumes: Volumes
  readonly content: Content
  readonly #client: EngineClient
  readonly #session: GrpcSession
  #info: EngineInfo | undefined

  /**
   * @param last aborts requests that clean up after an interruption (last-words.ts)
   * @param events receives a span for each request
   */
  constructor(endpoint: Endpoint, last = lastWords(undefined), events?: EventSink) {
    this.address = endpoint.address
    this.#client = new EngineClient(endpoint, last, events)
    this.containers = makeContainers(this.#client)
    this.images = makeEngineImages(this.#client, (context) => this.info(context))
    this.volumes = makeVolumes(this.#client)
    this.#session = new GrpcSession(this.#client)
    this.content = makeContent({ client: this.#client, session: this.#session, info: (context) => this.info(context) })
  }

  /** Checks that the engine responds. @throws CnbError CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED */
  async ping(context: Context = {}): Promise<void> {
    await this.#client.text({ task: 'cannot reach the container engine', method: 'GET', path: '/_ping', signal: context.signal })
  }

  /** Requested once per connection: an engine's properties do not change. */
  async info(context: Context = {}): Promise<EngineInfo> {
    if (this.#info) return this.#info
    const ask = async (path: string): Promise<Record<string, unknown>> =>
      recordOf(await this.#client.json({ task: 'cannot read the version of the engine', method: 'GET', path, signal: context.signal }))
    const [version, info] = await Promise.all([ask('/version'), ask('/info')])
    this.#info = {
      product: recordsOf(version.Components).some(({ Name }) => Name === 'Podman Engine') ? 'podman' : 'docker',
      version: stringOf(version.Version) ?? 'unknown',
      apiVersion: stringOf(version.ApiVersion) ?? '',
      platform: { os: stringOf(version.Os) ?? 'linux', architecture: stringOf(version.Arch) ?? '' },
      imageStore: usesContainerd(info.DriverStatus) ? 'containerd' : 'graphdriver',
      securityOptions: stringsOf(info.SecurityOptions),
    }
    return this.#info
  }

  close(): void {
    this.#session.close()
    this.#client.close()
  }
}

/** The engine lists its storage driver's properties as pairs; this one exists only with the containerd image store. */
function usesContainerd(driverStatus: unknown): boolean {
  const pairs: unknown[] = Array.isArray(driverStatus) ? driverStatus : []
  return pairs.some((pair) => Array.isArray(pair) && pair[0] === 'driver-type' && pair[1] === 'io.containerd.snapshotter.v1')
}
