/** Names out of labels, caches and group.toml become paths; what could lead out of its directory is refused. */

import { escapeId } from '../../../buildpacks/buildpack.ts'

const MAX_NAME_BYTES = 255

/** Whether `name` can be one file's or directory's name and no other. */
export function isFileName(name: string): boolean {
  return !/^\.{0,2}$/.test(name) && !/[/\p{Cc}\p{Surrogate}]/u.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES
}

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
