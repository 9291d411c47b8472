/** Buildpacks that a build brings although the builder has them: the same id and version, other files. */

import { escapeId } from '../buildpacks/descriptor.ts'
import type { BuildPlan } from './lifecycle.ts'

/**
 * The directories of the builder's own copies, each once. They must be covered before the new files are unpacked there, or files
 * that only the old copy had would stay among them: unpacking into a container knows no whiteouts, as layers do.
 */
export function replacedDirectories({ builder, buildpacks }: Pick<BuildPlan, 'builder' | 'buildpacks'>): string[] {
  const replaced = buildpacks.filter(({ descriptor: { info }, layer }) => {
    const own = builder.buildpackLayers[info.id]?.[info.version]
    return own !== undefined && own.layerDiffID !== layer.diffId
  })
  return [...new Set(replaced.map(({ descriptor: { info } }) => `/cnb/buildpacks/${escapeId(info.id)}/${info.version}`))]
}
