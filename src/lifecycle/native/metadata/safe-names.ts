/** Validates names from labels, caches and group.toml that become paths. */

import { isFileName } from '../../../base/file-name.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'

/** Other directories in `/layers`; they are not buildpack IDs (buildpack.md "buildpack.toml"). */
const RESERVED = new Set(['config', 'sbom', 'generated', 'extended'])

/** Whether `id` has a separate directory in `/layers`. */
export function isBuildpackId(id: string): boolean {
  const name = escapeId(id)
  return isFileName(name) && !RESERVED.has(name)
}

/** Whether `name` is a valid layer name; its file, `<name>.toml`, needs a valid name too. */
export function isLayerName(name: string): boolean {
  return isFileName(name) && isFileName(`${name}.toml`)
}
