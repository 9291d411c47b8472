/** Buildpacks that a build adds with the ID and version of a builder's buildpack, but other files. */

import { escapeId } from '../buildpacks/buildpack-descriptor.ts'
import type { BuildPlan } from './lifecycle.ts'

/**
 * Returns the directories of the builder's copies, without duplicates. They must be hidden before the new files are unpacked there:
 * unpacking into a container does not apply whiteouts, so files that only the old copy has would remain.
 */
export function replacedDirectories({ builder, buildpacks = [] }: Pick<BuildPlan, 'builder'> & Partial<Pick<BuildPlan, 'buildpacks'>>): string[] {
  const replaced = buildpacks.filter(({ descriptor: { info }, layer }) => {
    const own = builder.buildpackLayers[info.id]?.[info.version]
    return own !== undefined && own.layerDiffID !== layer.diffId
  })
  return [...new Set(replaced.map(({ descriptor: { info } }) => `/cnb/buildpacks/${escapeId(info.id)}/${info.version}`))]
}
