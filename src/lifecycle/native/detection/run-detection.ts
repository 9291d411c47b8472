/** Runs the detector only, in a container and a volume that are removed afterwards. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { layersFile } from '../../platform-files.ts'
import { readRunImage } from '../extensions/extensions.ts'
import { analyzedToml } from '../metadata/analyzed.ts'
import { readGroup } from '../metadata/group.ts'
import type { Group } from '../model.ts'
import type { NativeOptions } from '../open-build.ts'
import { readLayersFile, startSeparateRun } from '../run/separate-run.ts'
import { readBuildPlanToml, type PlannedDependency } from './build-plan-toml.ts'
import { DetectorLog, type DetectOutput, type TriedGroup } from './detector-log.ts'

export interface DetectionResult {
  /** Absent if no group fits. */
  readonly group?: Group
  /** The run image that extensions choose, and whether they extend it; absent without extensions. */
  readonly chosenRunImage?: { readonly name: string; readonly extend: boolean }
  readonly buildPlan: readonly PlannedDependency[]
  /** In the order of the attempts; the last is the group that fits. */
  readonly tried: readonly TriedGroup[]
  readonly outputs: readonly DetectOutput[]
  /** The error that a build would have, if no group fits. */
  readonly error?: CnbError
}

/** @throws CnbError CNB_ENGINE_*, CNB_BUILDER_INVALID, and CNB_DETECT_FAILED for results that cannot be read */
export async function runDetection(plan: BuildPlan, options: NativeOptions, context: Context): Promise<DetectionResult> {
  const { builder, buildpacks } = plan
  const added = buildpacks.map(({ descriptor }) => descriptor.info)
  const log = new DetectorLog(new Set([...builder.buildpacks, ...builder.extensions, ...added].map(({ id }) => id)))
  const listening: Context = {
    ...context,
    events: (event) => {
      if (event.type === 'phase.line') log.add(event.line)
      if (event.type !== 'phase.line' || plan.verbose) context.events?.(event)
    },
  }
  await options.sweep()
  const analyzed = layersFile(plan, 'analyzed.toml', analyzedToml(plan, undefined))
  // At level debug, the log has the results of each group.
  await using run = await startSeparateRun({ ...options, plan: { ...plan, explain: true }, times: [], restoration: new Map(), analyzed, context: listening })
  const { groups: tried } = log
  try {
    const detection = await run.detect()
    const toml = await readLayersFile(run.container, 'plan.toml', context)
    const group = readGroup(detection.group)
    const chosenRunImage = group.extensions.length > 0 ? readRunImage(detection.analyzed) : undefined
    return { group, chosenRunImage, buildPlan: readBuildPlanToml(toml), tried, outputs: log.outputs }
  } catch (error) {
    if (!(error instanceof CnbError) || error.code !== 'CNB_DETECT_FAILED' || tried.length === 0) throw error
    return { buildPlan: [], tried, outputs: log.outputs, error }
  }
}
