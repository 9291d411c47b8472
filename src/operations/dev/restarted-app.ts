/** The app of `cnb dev`: the container of the newest image. */

import { toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { type Container, type ContainerOutput, OWNER_LABEL } from '../../docker/engine.ts'
import { findImage } from '../../images/find/find-image.ts'
import { type AppContainer, type AppSettings, planAppContainer } from '../run/app-container.ts'
import { describeApp, startApp } from '../run/run-image.ts'
import type { EngineServices } from '../services.ts'

/** Seconds that the old app has to end: the new app needs its port. */
const STOP_SECONDS = 1

interface Running {
  readonly container: Container
  readonly image: string
  /** Whether it has ended by itself. */
  ended: boolean
}

/** Disposal stops the app and removes its container. */
export class RestartedApp implements AsyncDisposable {
  readonly #services: EngineServices
  readonly #settings: AppSettings
  readonly #output: () => ContainerOutput
  readonly #kill: AbortSignal
  #running: Running | undefined

  /** @param output returns the receivers of a new app's output */
  constructor(services: EngineServices, settings: AppSettings, output: () => ContainerOutput, kill: AbortSignal) {
    this.#services = services
    this.#settings = settings
    this.#output = output
    this.#kill = kill
  }

  /**
   * Runs the image instead of the last one, unless that is the same and still runs. The new container is created while the old one ends.
   * @returns whether the app was started
   * @throws CnbError those of planAppContainer, CNB_ENGINE_*; then no app runs
   */
  async show(reference: string, id: string, context: Context): Promise<boolean> {
    if (this.#running?.image === id && !this.#running.ended) return false
    const { engine } = this.#services
    const image = await findImage(reference, 'never', { ...this.#services, mirrors: {} }, context)
    const app = await planAppContainer(image, this.#settings, engine, context)
    const last = this.#running
    await this.#replace(last, app, id, context)
    context.events?.({ type: 'app.start', image: reference, ...describeApp(app) })
    if (last && last.image !== id) await this.#discard(last.image)
    return true
  }

  async #replace(last: Running | undefined, { spec }: AppContainer, image: string, context: Context): Promise<void> {
    const { engine, owner } = this.#services
    // Its end is expected now.
    this.#running = undefined
    // The removal takes longer than the end of the program, which frees the port.
    await using _ = last?.container
    const [created] = await Promise.allSettled([engine.containers.create({ ...spec, labels: { [OWNER_LABEL]: owner } }, context), stop(last)])
    if (created.status === 'rejected') throw created.reason
    const container = created.value
    const running: Running = { container, image, ended: false }
    this.#running = running
    const output = this.#output()
    try {
      const { exitCode } = await startApp(container, output, this.#kill)
      exitCode.then((code) => this.#report(running, code, output, context), (error: unknown) => this.#report(running, toCnbError(error).message, output, context))
    } catch (error) {
      running.ended = true
      throw error
    }
  }

  /** Removes an image of this session without a name: each change makes one. */
  async #discard(image: string): Promise<void> {
    const { images } = this.#services.engine
    const found = await images.inspect(image)
    // The removal by ID would also remove a single name.
    if (found?.tags.length === 0) await images.remove(image).catch(() => {})
  }

  #report(running: Running, end: number | string, output: ContainerOutput, { events, signal }: Context): void {
    output.stdout?.end()
    output.stderr?.end()
    running.ended = true
    // Otherwise this object has stopped it.
    if (this.#running === running && !signal?.aborted) events?.({ type: 'app.end', ...(typeof end === 'number' ? { exitCode: end } : { reason: end }) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const last = this.#running
    this.#running = undefined
    await stop(last)
    await last?.container[Symbol.asyncDispose]()
  }
}

/** A failure has no effect: the removal of the container follows. */
async function stop(app: Running | undefined): Promise<void> {
  if (app && !app.ended) await app.container.stop(STOP_SECONDS).catch(() => {})
}
