/** Platform files in `/layers`: order.toml, run.toml, stack.toml, project-metadata.toml (platform.md). */

import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { orderToml, runToml, stackToml } from '../builder/lifecycle-files.ts'
import { hasFeature } from '../formats/api-features.ts'
import type { BuildPlan } from './lifecycle.ts'
import { LAYERS_DIR } from './phase.ts'

/**
 * Returns the content of `/layers` before the first phase, owned by the build user. order.toml there overrides the builder's
 * (Platform API 0.6), so no image has to be created for another order; an empty system.toml replaces the builder's (phase.ts).
 */
export function layersEntries(plan: BuildPlan): TarEntry[] {
  const file = (name: string, text: string): TarEntry => layersFile(plan, name, text)
  return [
    { type: 'directory', name: LAYERS_DIR.slice(1), ...owner(plan), mode: 0o755, size: 0 },
    ...(plan.order ? [file('order.toml', orderToml(plan.order.buildpacks, plan.order.extensions))] : []),
    ...(plan.withoutSystemBuildpacks ? [file('system.toml', '')] : []),
    hasFeature(plan.platformApi, 'runToml')
      ? file('run.toml', runToml(plan.runImages))
      : file('stack.toml', stackToml(plan.runImages[0])),
    ...(plan.projectMetadata === undefined ? [] : [file('project-metadata.toml', plan.projectMetadata)]),
  ]
}

/** Returns a file directly in `/layers`, owned by the build user. */
export function layersFile(plan: BuildPlan, name: string, text: string): TarEntry {
  const content = Buffer.from(text)
  return { type: 'file', name: `${LAYERS_DIR.slice(1)}/${name}`, ...owner(plan), mode: 0o644, size: content.length, content }
}

function owner(plan: BuildPlan): { uid: number; gid: number; mtime: number } {
  return { uid: plan.builder.uid, gid: plan.builder.gid, mtime: 0 }
}
