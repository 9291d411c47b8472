/**
 * The library: the command's operations as functions. docs/library.md has an example.
 * The import has no side effects; each function loads its code on demand.
 */

import { setMaxListeners } from 'node:events'
import { homedir } from 'node:os'
import { abortError, CnbError, toCnbError } from './base/errors.ts'
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

/**
 * Access to the engine and registries for any number of operations, also concurrent ones. Disposing of it closes all connections, including
 * those to registries, which otherwise remain open after an operation; later operations throw CNB_USAGE.
 */
export interface Connection extends AsyncDisposable {
  /** The abort signal and event receiver of operations without a separate context. */
  readonly context: Context
  /** @internal */
  engine(context: Context): Promise<EngineServices>
  /** @internal */
  registries(context: Context): RegistryServices
}

class OpenConnection implements Connection {
  readonly context: Context
  readonly #connections: Connections

  constructor({ env, cwd, home = homedir(), signal, events }: ConnectOptions) {
    this.#connections = new Connections({ env, cwd, home })
    this.context = { signal, events }
  }

  engine(context: Context): Promise<EngineServices> {
    return this.#connections.engineServices(context, this.context)
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
 * @throws CnbError CNB_USAGE without an environment or a directory
 */
export function connect(options: ConnectOptions): Connection {
  requireTexts('connect', options, 'cwd')
  requireKind('connect', options, 'env', 'object')
  return new OpenConnection(options)
}

/** Builds an image from an app. @throws CnbError with almost any code */
export function build(options: BuildOptions, connection: Connection, context: Context = connection.context): Promise<BuildResult> {
  return perform(context, async (own) => {
    requireTexts('build', options, 'image')
    const operation = await import('./operations/build/build.ts')
    return operation.build(options, { ...(await connection.engine(own)), ...connection.registries(own) }, own)
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
    requireTexts('rebase', options, 'image')
    if (options.publish) {
      const operation = await import('./operations/rebase/rebase-remote.ts')
      return operation.rebaseRemote(options, connection.registries(own), own)
    }
    const operation = await import('./operations/rebase/rebase.ts')
    return operation.rebase(options, await connection.engine(own), own)
  })
}

/** Describes an app image on the engine, in its registry or in an OCI layout. @throws CnbError CNB_IMAGE_*, CNB_ENGINE_*, CNB_REGISTRY_* */
export function inspect(options: InspectOptions, connection: Connection, context: Context = connection.context): Promise<ImageInspection> {
  return perform(context, async (own) => {
    requireTexts('inspect', options, 'image')
    const operation = await import('./operations/inspect/inspect.ts')
    return operation.inspect(options, { services: () => connection.engine(own), remote: connection.registries(own) }, own)
  })
}

/** Creates a builder image from its builder.toml, on the engine, in its registry or in an OCI layout. @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_BUILDER_INVALID and others */
export function createBuilder(
  options: CreateBuilderOptions,
  connection: Connection,
  context: Context = connection.context,
): Promise<CreateBuilderResult> {
  return perform(context, async (own) => {
    requireTexts('createBuilder', options, 'image', 'config')
    const operation = await import('./operations/builder/create-builder.ts')
    return operation.createBuilder(options, { services: () => connection.engine(own), remote: connection.registries(own) }, own)
  })
}

/** Checks options that every call needs, for callers without types. @throws CnbError CNB_USAGE */
function requireTexts<Options extends object>(call: string, options: Options, ...names: (keyof Options & string)[]): void {
  for (const name of names) requireKind(call, options, name, 'string')
}

function requireKind<Options extends object>(call: string, options: Options | undefined, name: keyof Options & string, kind: 'string' | 'object'): void {
  const value = options?.[name]
  if (typeof value === kind && value !== null) return
  throw new CnbError('CNB_USAGE', `cannot call ${call}: the option '${name}' is ${value === undefined ? 'missing' : `not of type ${kind}`}`, {
    hint: `Pass '${name}' in the first argument (docs/library.md).`,
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
