/** The build container while the engine creates and starts it. */

import { CnbError } from '../../../base/errors.ts'
import type { Container } from '../../../docker/engine.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { detector, isDetectorVerbose } from '../../phase.ts'
import { buildContainerSpec, type ContainerPlan } from './build-container.ts'
import type { RunInput } from './builder-run.ts'
import { removeKept } from './keep-container.ts'
import { type LayersVolume, type LayersVolumeInput, lockLayersVolume } from './layers-volume.ts'
import { BuildSession } from './session/build-session.ts'
import { SHELL } from '../../secrets/secret-input.ts'
import { SESSION_SCRIPT } from './session/session-script.ts'

/** A container with a running script, which waits for the paths of `/layers` to keep. */
export interface StartedRun {
  readonly layers: LayersVolume
  readonly session: BuildSession
  /** Whether the builder image has the shell; otherwise the script does not run. */
  readonly hasShell: boolean
}

/**
 * A container that is created and started concurrently with other work, because that takes an engine longest. Leaving the scope of
 * `await using` removes it, unless it was taken.
 */
export class PendingRun implements AsyncDisposable {
  readonly #plan: ContainerPlan
  #begun: Promise<StartedRun> | undefined

  constructor(input: LayersVolumeInput & Pick<RunInput, 'owner' | 'times'>) {
    this.#plan = input.plan
    this.#begun = startRun(input)
    // A failure before `take` must not count as unhandled.
    this.#begun.catch(() => {})
  }

  /**
   * Passes the container to the caller. Returns undefined after the first call, and if the plan needs another container than its start
   * did: then it removes this one.
   */
  async take(plan: BuildPlan): Promise<StartedRun | undefined> {
    // An added buildpack may replace one of the builder, and an extension may need another environment.
    if (settingsOf(this.#plan) !== settingsOf(plan)) await this[Symbol.asyncDispose]()
    return this.#release()
  }

  #release(): Promise<StartedRun> | undefined {
    const begun = this.#begun
    this.#begun = undefined
    return begun
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const begun = await this.#release()?.catch(() => undefined)
    if (begun) await disposeOf(begun)
  }
}

/** Returns all settings of a plan's container that depend on the plan, for comparison. */
function settingsOf(plan: ContainerPlan): string {
  return JSON.stringify(buildContainerSpec(plan, { command: sessionCommand(plan), owner: '', layersVolume: '', volumeLabels: {} }))
}

function sessionCommand(plan: ContainerPlan): readonly string[] {
  return [SHELL, '-c', SESSION_SCRIPT, 'cnb', isDetectorVerbose(plan) && !plan.verbose ? 'debug' : '', ...detector(plan).args]
}

/** Creates the container, and starts the script in it. @throws CnbError CNB_ENGINE_* */
export async function startRun({ plan, owner, times, ...input }: LayersVolumeInput & Pick<RunInput, 'owner' | 'times'>): Promise<StartedRun> {
  const [layers] = await Promise.all([
    lockLayersVolume({ plan, ...input }, { command: sessionCommand(plan), owner, stdin: true }),
    removeKept(input.engine, plan, input.context),
  ])
  const session = new BuildSession(times, input.context)
  try {
    return { layers, session, hasShell: await hasShell(session, layers.container) }
  } catch (error) {
    await disposeOf({ layers, session })
    throw error
  }
}

async function hasShell(session: BuildSession, container: Container): Promise<boolean> {
  try {
    await session.start(container)
    return true
  } catch (error) {
    // The engine reports this only as a message, which contains the path.
    if (error instanceof CnbError && error.message.includes(SHELL)) return false
    throw error
  }
}

/** Removes a container that no run uses. */
export async function disposeOf({ layers, session }: Omit<StartedRun, 'hasShell'>): Promise<void> {
  await session[Symbol.asyncDispose]()
  await layers[Symbol.asyncDispose]()
}
