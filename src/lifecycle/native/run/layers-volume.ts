/** Locks an app's `layers` volume: only one build at a time uses it. */

import { createHash, randomBytes } from 'node:crypto'
import type { Context } from '../../../base/events.ts'
import { type Container, type Engine, OWNER_LABEL } from '../../../docker/engine.ts'
import { engineStatus } from '../../../docker/engine-errors.ts'
import type { AppVolume } from '../app/app-volume.ts'
import { CACHE_LABELS } from '../../cache-volumes.ts'
import { discardVolume } from '../../discard-volume.ts'
import { type BuildContainer, buildContainerSpec, type ContainerPlan } from './build-container.ts'

/** A container with `/layers`. Leaving the scope of `await using` removes it, and a volume that was only for this build. */
export interface LayersVolume extends AsyncDisposable {
  readonly container: Container
  readonly volume: string
  /** Whether the volume is the app's, which the next build uses again. */
  readonly kept: boolean
  /** The volume at the app's directory, if the build uses one. */
  readonly app: AppVolume | undefined
  /** Disposal after a successful build (Container.leave), which keeps a volume that outlives it. */
  leave(): Promise<void>
}

export interface LayersVolumeInput {
  readonly engine: Engine
  readonly plan: ContainerPlan
  /** Used together with the app's layers volume, which is the lock of both. */
  readonly app?: AppVolume | undefined
  /** Removes the remains of killed runs from the engine. */
  readonly sweep: () => Promise<void>
  readonly context: Context
}

type LockContainer = Pick<BuildContainer, 'command' | 'stdin' | 'owner'>

/**
 * Creates the build container with the app's volume. The container's name is the lock, because it is unique on an engine. If another
 * build holds it, this build gets a temporary volume, and keeps nothing for the next.
 * @throws CnbError CNB_ENGINE_*
 */
export async function lockLayersVolume(input: LayersVolumeInput, container: LockContainer): Promise<LayersVolume> {
  const { engine, plan, app, sweep, context } = input
  const volume = plan.cacheVolumes.layers
  const name = `cnb-build-${createHash('sha256').update(volume).digest('hex').slice(0, 16)}`
  const create = async (): Promise<LayersVolume> => {
    const spec = buildContainerSpec(plan, { ...container, name, layersVolume: volume, volumeLabels: CACHE_LABELS, appVolume: app?.name })
    const held = await engine.containers.create(spec, context)
    return { container: held, volume, kept: true, app, leave: () => held.leave(), [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() }
  }
  const isTaken = (error: unknown): void => {
    if (engineStatus(error) !== 409) throw error
  }
  try {
    return await create()
  } catch (error) {
    isTaken(error)
  }
  // A killed run may hold the lock.
  await sweep()
  try {
    return await create()
  } catch (error) {
    isTaken(error)
  }
  const message = `another build of ${plan.image.repository} is running: this build does not use the layers of earlier builds`
  context.events?.({ type: 'warning', message })
  return createLayersVolume(input, container)
}

/** Creates the build container with a new volume that is removed with it. @throws CnbError CNB_ENGINE_* */
export async function createLayersVolume(input: Omit<LayersVolumeInput, 'sweep'>, container: LockContainer): Promise<LayersVolume> {
  const { engine, plan, context } = input
  const volume = `cnb-layers-${randomBytes(8).toString('hex')}`
  try {
    const held = await engine.containers.create(
      buildContainerSpec(plan, { ...container, layersVolume: volume, volumeLabels: { [OWNER_LABEL]: container.owner } }),
      context,
    )
    const discard = async (): Promise<void> => {
      await held[Symbol.asyncDispose]()
      await discardVolume(engine, volume, context)
    }
    return { container: held, volume, kept: false, app: undefined, leave: discard, [Symbol.asyncDispose]: discard }
  } catch (error) {
    await discardVolume(engine, volume, context)
    throw error
  }
}
