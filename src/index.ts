/**
 * The library: the command's operations as functions. docs/library.md has an example.
 * The import has no side effects; each function loads its code on demand.
 */

import { setMaxListeners } from 'node:events'
import { homedir } from 'node:os'
import { abortError, toCnbError } from './base/errors.ts'
import type { Context } from './base/events.ts'
import type { BuildOptions } from './operations/build/build-options.ts'
import type { BuildResult } from './operations/build/build-result.ts'
import type { CreateBuilderOptions, CreateBuilderResult } from './operations/builder/create-builder.ts'
import { Connections } from './operations/connections.ts'
import type { ImageInspection, InspectOptions } from './operations/inspect/inspect.ts'
import type { RebaseRemoteOptions } from './operations/rebase/rebase-remote.ts'
import type { RebaseResult } from './operations/rebase/rebase-result.ts'
import type { RebaseOptions } from './operations/rebase/rebase.ts'
import type { EngineServices, RegistryServices } from './operations/services.ts'

export { CnbError, ERRORS } from './base/errors.ts'
export type { CnbErrorOptions, ErrorCode, SourcePosition } from './base/errors.ts'
export type { CnbEvent, Context, EventSink } from './base/events.ts'
export type { BuildOptions, BuildResult, CreateBuilderOptions, CreateBuilderResult, ImageInspection, InspectOptions, RebaseOptions, RebaseRemoteOptions, RebaseResult }

/** The environment in which operations look for the engine, for registry credentials and for files of options. */
export interface ConnectOptions extends Context {
  /** Environment variables, such as `process.env`: DOCKER_HOST, DOCKER_CONFIG, HTTPS_PROXY, CNB_HOME and so on. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The base directory of relative paths, such as `process.cwd()`. */
  readonly cwd: string
  /** The home directory; default: the user's. */
  readonly home?: string
}

/** Access to the engine and registries for any number of operations, also concurrent ones. Disposing of it closes all connections. */
export interface Connection extends AsyncDisposable {
  /** The abort signal and event receiver of operations without a separate context. */
  readonly context: Context
  /** @internal */
  engine(): Promise<EngineServices>
  /** @internal */
  registries(context: Context): RegistryServices
}

class OpenConnection implements Connection {
  readonly context: Context
  readonly #connections: Connections
  #engine: Promise<EngineServices> | undefined

  constructor({ env, cwd, home = homedir(), signal, events }: ConnectOptions) {
    this.#connections = new Connections({ env, cwd, home })
    this.context = { signal, events }
  }

  engine(): Promise<EngineServices> {
    const engine = (this.#engine ??= this.#connections.engineServices(this.context))
    // After a failure, the next operation connects again.
    engine.catch(() => (this.#engine = undefined))
    return engine
  }

  registries(context: Context): RegistryServices {
    return this.#connections.registryServices(context)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connections[Symbol.asyncDispose]()
  }
}

/**
 * Returns a connection for operations. The first operation that uses the engine connects to it.
 * Aborting `signal` closes the connections too; to stop one of several operations, pass that operation a separate context.
 */
export function connect(options: ConnectOptions): Connection {
  return new OpenConnection(options)
}

/** Builds an image from an app. @throws CnbError with almost any code */
export function build(options: BuildOptions, connection: Connection, context: Context = connection.context): Promise<BuildResult> {
  return perform(context, async (own) => {
    const operation = await import('./operations/build/build.ts')
    return operation.build(options, { ...(await connection.engine()), ...connection.registries(own) }, own)
  })
}

/**
 * Moves an image's app layers to a newer run image: on the engine, or with `publish: true` in the registry, without an engine.
 * @throws CnbError CNB_NOT_REBASABLE, CNB_IMAGE_*, CNB_PULL_FAILED, CNB_OUTPUT, CNB_ENGINE_*, CNB_REGISTRY_*
 */
export function rebase(
  options: (RebaseOptions & { readonly publish?: false }) | (RebaseRemoteOptions & { readonly publish: true }),
  connection: Connection,
  context: Context = connection.context,
): Promise<RebaseResult> {
  return perform(context, async (own) => {
    if (options.publish) {
      const operation = await import('./operations/rebase/rebase-remote.ts')
      return operation.rebaseRemote(options, connection.registries(own), own)
    }
    const operation = await import('./operations/rebase/rebase.ts')
    return operation.rebase(options, await connection.engine(), own)
  })
}

/** Describes an app image on the engine, in its registry or in an OCI layout. @throws CnbError CNB_IMAGE_*, CNB_ENGINE_*, CNB_REGISTRY_* */
export function inspect(options: InspectOptions, connection: Connection, context: Context = connection.context): Promise<ImageInspection> {
  return perform(context, async (own) => {
    const operation = await import('./operations/inspect/inspect.ts')
    return operation.inspect(options, { services: () => connection.engine(), remote: connection.registries(own) }, own)
  })
}

/** Creates a builder image on the engine from its builder.toml. @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_BUILDER_INVALID and others */
export function createBuilder(
  options: CreateBuilderOptions,
  connection: Connection,
  context: Context = connection.context,
): Promise<CreateBuilderResult> {
  return perform(context, async (own) => {
    const operation = await import('./operations/builder/create-builder.ts')
    return operation.createBuilder(options, await connection.engine(), own)
  })
}

/** Runs an operation and converts its errors to CnbErrors. After an abort, any error is a consequence of the abort. */
async function perform<T>({ signal, events }: Context, operation: (context: Context) => Promise<T>): Promise<T> {
  const own = signal && AbortSignal.any([signal])
  // Many concurrent operations listen to the signal; Node warns of a leak at more than ten listeners.
  if (own) setMaxListeners(0, own)
  try {
    return await operation({ signal: own, events })
  } catch (thrown) {
    throw signal?.aborted ? abortError(signal) : toCnbError(thrown)
  }
}
