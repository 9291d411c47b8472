/** A lifecycle for unit tests: the file names of a release, with text files as binaries. */

import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const LIFECYCLE_TOML = `[apis.buildpack]
deprecated = ["0.7"]
supported = ["0.10", "0.11"]
[apis.platform]
deprecated = []
supported = ["0.14", "0.15"]
[lifecycle]
version = "0.21.0"
`

export const PHASES = ['analyzer', 'builder', 'creator', 'detector', 'exporter', 'restorer']

/** Writes a lifecycle to `path`, with its binaries in the directory `binaries`. Returns `path`. */
export async function writeLifecycle(path: string, binaries = 'lifecycle', toml = LIFECYCLE_TOML): Promise<string> {
  await mkdir(join(path, binaries), { recursive: true })
  await writeFile(join(path, 'lifecycle.toml'), toml)
  await writeFile(join(path, binaries, 'lifecycle'), 'all phases', { mode: 0o755 })
  await writeFile(join(path, binaries, 'launcher'), 'launcher', { mode: 0o644 })
  for (const phase of PHASES) await symlink('lifecycle', join(path, binaries, phase))
  return path
}
