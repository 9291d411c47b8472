/** Opens the cache of a build, and starts its container. */

import type { TarEntry } from '../../archive/tar/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import type { Engine } from '../../docker/engine.ts'
import type { BuildStart, PhaseTime } from '../lifecycle.ts'
import { planAppVolume } from './app/app-volume.ts'
import { directoryOfLargeApp } from './app/large-app.ts'
import { openBuildCache, type BuildCache } from './cache/build-cache.ts'
import { PendingRun } from './run/pending-run.ts'

export interface NativeOptions {
  readonly engine: Engine
  /** The value of the owner label. */
  readonly owner: string
  /** Removes the remains of killed runs from the engine. */
  readonly sweep: () => Promise<void>
}

/** The cache of a build, and its container, which is being created and started. */
export interface OpenedBuild extends AsyncDisposable {
  readonly appDirectory: TarEntry | undefined
  readonly cache: BuildCache
  readonly commenced: PendingRun
  /** The durations of the phases so far. */
  readonly times: PhaseTime[]
}

/** Disposal removes the container, and new volumes of the cache without a record. @throws CnbError CNB_ENGINE_*, and the errors of reading the app */
export async function openBuild(start: BuildStart, options: NativeOptions, context: Context): Promise<OpenedBuild> {
  const { engine, owner } = options
  // First, because it must not remove a killed run's volume that this build starts to use.
  const [appDirectory] = await Promise.all([directoryOfLargeApp(start, context), options.sweep()])
  const cache = await openBuildCache(engine, start, owner, context, await planAppVolume(engine, start, appDirectory, context))
  const times: PhaseTime[] = []
  const commenced = new PendingRun({ ...options, plan: start, app: cache.app, times, context })
  return {
    ...{ appDirectory, cache, commenced, times },
    async [Symbol.asyncDispose]() {
      // The cache's volumes can be removed after the container.
      await commenced[Symbol.asyncDispose]()
      await cache[Symbol.asyncDispose]()
    },
  }
}
