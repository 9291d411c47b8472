/** Names out of labels, caches and group.toml become paths; what could lead out of its directory is refused. */

import { isFileName } from '../../../base/file-name.ts'
import { escapeId } from '../../../buildpacks/descriptor.ts'

/** What else is in `/layers`: no buildpack has such an id (buildpack.md "buildpack.toml"). */
const RESERVED = new Set(['config', 'sbom', 'generated', 'extended'])

/** Whether `id`'s directory in `/layers` is its own. */
export function isBuildpackId(id: string): boolean {
  const name = escapeId(id)
  return isFileName(name) && !RESERVED.has(name)
}

/** Whether `name` can be a layer's: its file's name, `<name>.toml`, must be possible too. */
export function isLayerName(name: string): boolean {
  return isFileName(name) && isFileName(`${name}.toml`)
}
