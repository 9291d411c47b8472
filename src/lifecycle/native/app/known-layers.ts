/** The layers of an app's files that did not change since the last build: they need not be read. */

import { decide, type Context } from '../../../base/events.ts'
import { measured } from '../../../base/spans.ts'
import { once } from '../../../base/once.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { appDirOf } from '../../phase.ts'
import type { LayerFactory } from '../layers/layer-factory.ts'
import type { SliceLayer } from '../layers/slice-layers.ts'
import type { Slice } from '../layers/slices.ts'
import type { CacheRecord, KnownApp } from '../model.ts'
import type { BuiltApp, FinishedBuild } from '../run/builder-run.ts'

export interface BuiltAppInput {
  readonly plan: BuildPlan
  readonly built: FinishedBuild
  /** The record of the last build, if it belongs to the volumes in use. */
  readonly record: CacheRecord | undefined
  readonly factory: Pick<LayerFactory, 'sliceLayers'>
}

export interface BuiltAppLayers {
  readonly layers: readonly SliceLayer[]
  /** For the next build, if it can compare the files. */
  readonly known: KnownApp | undefined
}

/**
 * Returns the app's layers: those of the last build if the files have the same looks, otherwise new ones.
 * @throws those of LayerFactory's sliceLayers
 */
export async function builtAppLayers({ plan, built, record, factory }: BuiltAppInput, slices: readonly Slice[], context: Context): Promise<BuiltAppLayers> {
  const { app } = built
  const read = once(() => measured(context, 'reading the app', () => factory.sliceLayers(appDirOf(plan), [], slices, context)))
  const identity = { directory: appDirOf(plan), slices: JSON.stringify(slices) }
  const last = record?.app
  if (app && last?.left === app.left && last.directory === identity.directory && last.slices === identity.slices) {
    decide(context, { kind: 'files', name: identity.directory }, 'not read again', 'its files are unchanged since the last build')
    const layers = last.layers.map(({ createdBy, diffId, size }, index): SliceLayer => ({
      createdBy,
      layer: { diffId, size, open: async (signal) => (await read())[index]!.layer.open(signal) },
    }))
    return { layers, known: { ...last, ...foundIn(app) } }
  }
  const layers = await read()
  const recorded = layers.map(({ createdBy, layer: { diffId, size = 0 } }) => ({ diffId, size, createdBy }))
  return { layers, known: app && { ...foundIn(app), ...identity, layers: recorded } }
}

function foundIn({ status, time, sent, left }: BuiltApp): Pick<KnownApp, 'status' | 'time' | 'sent' | 'left'> {
  return { status, time, sent, left }
}
