/** Builds and runs an app again after each change. */

import { resolve } from 'node:path'
import { type ErrorCode, throwIfAborted, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { ContainerOutput } from '../../docker/engine.ts'
import { DEFAULT_EXEC_ENV } from '../../lifecycle/exec-env.ts'
import { checkApp, type FileFilter } from '../../project/app.ts'
import { AppWatch } from '../../project/watch-app.ts'
import { build } from '../build/build.ts'
import type { BuildOptions } from '../build/build-options.ts'
import { readProject } from '../build/build-project.ts'
import { type AppOptions, readAppSettings } from '../run/app-container.ts'
import type { EngineServices, Host, RegistryServices } from '../services.ts'
import { Changes } from './changes.ts'
import { RestartedApp } from './restarted-app.ts'

export interface DevOptions {
  readonly build: Omit<BuildOptions, 'platforms' | 'to' | 'publish' | 'ifChanged'>
  readonly app: AppOptions
  /** The arguments of the app's process. */
  readonly args: readonly string[]
}

export interface DevOutside {
  /** Returns the receivers of the output of an app that starts. */
  readonly output: () => ContainerOutput
  /** Kills the app. */
  readonly kill: AbortSignal
}

/** Errors that the next change of the app may remove. */
const OF_APP: readonly ErrorCode[] = ['CNB_DETECT_FAILED', 'CNB_BUILD_FAILED', 'CNB_APP_CHANGED', 'CNB_APP_INVALID', 'CNB_DESCRIPTOR_INVALID']

/**
 * Builds the app and runs it, then again after each change, until the context's signal is aborted. While a build runs and after it has
 * failed, the last app continues. One build runs at a time: a change during a build starts the next one at its end. A build is not cancelled,
 * because it keeps the layers that it has made for the next.
 * @throws CnbError the first build's unless it is the app's, later only CNB_INTERRUPTED and those of the watch
 */
export async function dev({ build: building, app: running, args }: DevOptions, services: EngineServices & RegistryServices, { output, kill }: DevOutside, context: Context): Promise<never> {
  const { host } = services
  const { signal, events } = context
  const settings = await readAppSettings(running, args, host, context)
  await using app = new RestartedApp(services, settings, output, kill)
  const changes = new Changes()
  const watched = new WatchedApp(building, changes)
  using _ = watched
  const changed = async (): Promise<void> => events?.({ type: 'info', message: `${await changes.next(signal)} changed` })
  let options: BuildOptions = building
  let failed = false
  for (let count = 0; ; count++) {
    if (failed) await changed()
    try {
      await watched.open(host, context)
      // The engine starts the build's container before the change comes.
      const ready = count > 0 && !failed ? changed : undefined
      failed = false
      const { image, id } = await build(options, services, context, undefined, ready)
      // The builder and the run image stay: a development session does not need their updates.
      options = { ...building, pullPolicy: building.pullPolicy === 'never' ? 'never' : 'if-not-present', clearCache: false }
      if (!(await app.show(image, id, context))) events?.({ type: 'info', message: 'the image has not changed: the app continues' })
    } catch (error) {
      throwIfAborted(signal)
      const { code, message, hint } = toCnbError(error)
      // Without a watch, no change would ever come.
      if (!watched.isOpen || (count === 0 && !OF_APP.includes(code))) throw error
      failed = true
      events?.({ type: 'failure', code, message, ...(hint === undefined ? {} : { hint }) })
    }
    events?.({ type: 'info', message: 'waiting for changes; Ctrl-C stops' })
  }
}

/** The watch of the app, opened again when project.toml selects other files. */
class WatchedApp implements Disposable {
  readonly #options: DevOptions['build']
  readonly #changes: Changes
  #filter = ''
  #watch: AppWatch | undefined

  constructor(options: DevOptions['build'], changes: Changes) {
    this.#options = options
    this.#changes = changes
  }

  get isOpen(): boolean {
    return this.#watch !== undefined
  }

  /** @throws CnbError CNB_APP_INVALID */
  async open(host: Host, { signal }: Context): Promise<void> {
    const app = await checkApp(resolve(host.cwd, this.#options.path ?? '.'), { signal })
    // A malformed descriptor is an error of the build; its repair is a change.
    const project = await readProject({ file: this.#options.descriptor, app, execEnv: this.#options.execEnv ?? DEFAULT_EXEC_ENV }, host, { signal }).catch(() => undefined)
    const { include, exclude }: FileFilter = project?.descriptor ?? {}
    const filter = JSON.stringify({ include, exclude })
    if (this.#watch && filter === this.#filter) return
    const opened = await AppWatch.open(app.path, { include, exclude }, this.#changes.add, this.#changes.fail)
    this.#watch?.[Symbol.dispose]()
    this.#watch = opened
    this.#filter = filter
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]()
  }
}
