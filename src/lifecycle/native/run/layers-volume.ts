/** Who may use an app's `layers` volume: one build at a time. */

import { createHash, randomBytes } from 'node:crypto'
import type { Context } from '../../../base/events.ts'
import { type Container, type Engine, OWNER_LABEL } from '../../../docker/engine.ts'
import { refusalStatus } from '../../../docker/errors.ts'
import { CACHE_LABELS } from '../../cache-volumes.ts'
import { discardVolume } from '../../discard-volume.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { type BuildContainer, buildContainerSpec } from './build-container.ts'

/** A container with `/layers` to itself; leaving the scope of `await using` removes it, and the volume if it was for this build only. */
export interface HeldLayers extends AsyncDisposable {
  readonly container: Container
  readonly volume: string
  /** Whether the volume is the app's, which the next build finds again. */
  readonly kept: boolean
}

export interface LayersHolder {
  readonly engine: Engine
  readonly plan: BuildPlan
  /** Removes what killed runs left on the engine. */
  readonly sweep: () => Promise<void>
  readonly context: Context
}

type HolderContainer = Pick<BuildContainer, 'command' | 'stdin' | 'owner'>

/**
 * Makes the build's container with the app's volume. The container's name is the lock: an engine gives it only once. Where
 * another build has it, this one gets a volume of its own, and keeps nothing for the next.
 */
export async function holdLayers(holder: LayersHolder, container: HolderContainer): Promise<HeldLayers> {
  const { engine, plan, sweep, context } = holder
  const volume = plan.cacheVolumes.layers
  const name = `cnb-build-${createHash('sha256').update(volume).digest('hex').slice(0, 16)}`
  const create = async (): Promise<HeldLayers> => {
    const spec = buildContainerSpec(plan, { ...container, name, layersVolume: volume, volumeLabels: CACHE_LABELS })
    const held = await engine.containers.create(spec, context)
    return { container: held, volume, kept: true, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() }
  }
  const isTaken = (error: unknown): void => {
    if (refusalStatus(error) !== 409) throw error
  }
  try {
    return await create()
  } catch (error) {
    isTaken(error)
  }
  // Its holder may be a run that was killed.
  await sweep()
  try {
    return await create()
  } catch (error) {
    isTaken(error)
  }
  const message = `another build of ${plan.image.repository} is under way: this one starts without the layers of earlier builds`
  context.events?.({ type: 'warning', message })
  return holdFreshLayers(holder, container)
}

/** Makes the build's container with a new volume that goes with it. */
export async function holdFreshLayers(holder: Omit<LayersHolder, 'sweep'>, container: HolderContainer): Promise<HeldLayers> {
  const { engine, plan, context } = holder
  const volume = `cnb-layers-${randomBytes(8).toString('hex')}`
  try {
    const held = await engine.containers.create(
      buildContainerSpec(plan, { ...container, layersVolume: volume, volumeLabels: { [OWNER_LABEL]: container.owner } }),
      context,
    )
    return {
      container: held,
      volume,
      kept: false,
      [Symbol.asyncDispose]: async () => {
        await held[Symbol.asyncDispose]()
        await discardVolume(engine, volume, context)
      },
    }
  } catch (error) {
    await discardVolume(engine, volume, context)
    throw error
  }
}
