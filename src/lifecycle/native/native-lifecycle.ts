/**
 * The native driver: only detector and builder run in a container.
 * They are the builder image's, and run without socket, credentials or capabilities; this process does the analysis, restoring, export
 * and caching, with the same result (platform.md "Lifecycle Interface"; docs/architecture.md).
 */

import type { Context } from '../../base/events.ts'
import type { BuildPlan, BuildStart, BuildStores, Lifecycle, LifecycleResult, OpenBuild } from '../lifecycle.ts'
import { type NativeOptions, openBuild, type OpenedBuild } from './open-build.ts'

export function nativeLifecycle(options: NativeOptions): Lifecycle {
  return { open: (start, context) => new NativeBuild(start, options, context) }
}

class NativeBuild implements OpenBuild {
  readonly #options: NativeOptions
  readonly #context: Context
  readonly #opened: Promise<OpenedBuild>

  constructor(start: BuildStart, options: NativeOptions, context: Context) {
    this.#options = options
    this.#context = context
    this.#opened = openBuild(start, options, context)
    // A failure before `run` must not count as unhandled.
    this.#opened.catch(() => {})
  }

  async run(plan: BuildPlan, stores: BuildStores = {}): Promise<LifecycleResult> {
    // Loaded while the engine creates and starts the container, which takes longer.
    const [{ runBuild }, opened] = await Promise.all([import('./run-build.ts'), this.#opened])
    return runBuild(plan, { ...this.#options, ...stores }, opened, this.#context)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened.catch(() => undefined)
    await opened?.[Symbol.asyncDispose]()
  }
}
