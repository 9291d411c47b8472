/** Runs an app image. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { type AttachedContainer, type Container, type ContainerOutput, OWNER_LABEL, type PublishedPort } from '../../docker/engine.ts'
import { findImage, type PullPolicy } from '../../images/find/find-image.ts'
import { readRegistrySettings } from '../config/registry-settings.ts'
import type { EngineServices } from '../services.ts'
import { type AppContainer, type AppOptions, planAppContainer, readAppSettings } from './app-container.ts'

/** Seconds that an app has to end by itself: an interrupted command has ten for everything. */
const STOP_SECONDS = 5

export interface RunOptions extends AppOptions {
  readonly image: string
  readonly args?: readonly string[]
  /** Default: `if-not-present`. */
  readonly pullPolicy?: PullPolicy
  /** The container's name; default: a random one. */
  readonly name?: string
  /** Whether the app continues when this call has returned. */
  readonly detach?: boolean
}

export interface RunResult {
  readonly image: string
  /** The container's ID. */
  readonly container: string
  readonly name?: string
  readonly process?: string
  readonly url?: string
  readonly note?: string
  readonly ports: readonly PublishedPort[]
  /** Absent if the app continues. */
  readonly exitCode?: number
}

/** The receivers of an app's output, and the signal that kills the app. */
export interface AppOutside {
  readonly output: ContainerOutput
  readonly kill: AbortSignal
}

/**
 * Starts a container of an image, and writes its output until it ends. The context's signal stops the app, which has STOP_SECONDS to end.
 * The container is removed in every case, except with `detach`.
 * @throws CnbError CNB_USAGE, CNB_DESCRIPTOR_INVALID, CNB_ENGINE_*, those of findImage, and errors of writing the output
 */
export async function runImage(options: RunOptions, services: EngineServices, { output, kill }: AppOutside, context: Context): Promise<RunResult> {
  const { image: name, args = [], pullPolicy = 'if-not-present', detach = false } = options
  const { engine, host, owner } = services
  const settings = await readAppSettings(options, args, host, context)
  const { mirrors } = await readRegistrySettings({}, host, context)
  const image = await findImage(name, pullPolicy, { ...services, mirrors }, context)
  const app = await planAppContainer({ ...image, reference: name }, settings, engine, context)
  const spec = { ...app.spec, name: options.name, ...(detach ? { detached: true } : { labels: { [OWNER_LABEL]: owner } }) }
  const container = await engine.containers.create(spec, context)
  const described = describeApp(app)
  const result = { image: name, container: container.id, ports: app.ports, ...described, ...(options.name === undefined ? {} : { name: options.name }) }
  if (detach) {
    await startDetached(container, context)
    return result
  }
  await using held = container
  await using attached = await startApp(held, output, kill)
  context.events?.({ type: 'app.start', image: name, ...described })
  return { ...result, exitCode: await untilEnd(held, attached, context) }
}

async function startDetached(container: Container, context: Context): Promise<void> {
  try {
    await withPortHint(container.start(context))
  } catch (error) {
    await container[Symbol.asyncDispose]()
    throw error
  }
}

/** Starts an app attached. @throws CnbError CNB_ENGINE_*, with a hint if a port is taken */
export function startApp(container: Container, output: ContainerOutput, kill: AbortSignal): Promise<AttachedContainer> {
  return withPortHint(container.attach(output, { signal: kill }))
}

/** Waits for the end of an app, and stops it on the context's signal. @returns its exit code */
async function untilEnd(container: Container, { exitCode }: AttachedContainer, { signal, events }: Context): Promise<number> {
  const stop = (): void => {
    container.stop(STOP_SECONDS).catch((error: unknown) => events?.({ type: 'debug', message: String(error) }))
  }
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await exitCode
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** The engine's words if another program or container has the port. */
const TAKEN = /port is already allocated|address already in use/i

async function withPortHint<T>(starting: Promise<T>): Promise<T> {
  try {
    return await starting
  } catch (error) {
    if (!(error instanceof CnbError) || !TAKEN.test(error.message)) throw error
    throw new CnbError(error.code, error.message, { hint: "Select another port with --port, such as '--port 8081:8080'.", cause: error })
  }
}

/** The parts of a result that are known before the app starts. */
export function describeApp({ type, url, note }: AppContainer) {
  return { ...(type === undefined ? {} : { process: type }), ...(url === undefined ? {} : { url }), ...(note === undefined ? {} : { note }) }
}
