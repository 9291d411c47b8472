/** `cnb build`: from a directory to an image. */

import type { Context } from '../base/events.ts'
import type { PullPolicy } from '../images/pull.ts'
import type { Services } from './services.ts'

export interface BuildOptions {
  /** The image's name, as typed. */
  image: string
  /** App directory; the working directory when absent. */
  path?: string
  builder?: string
  runImage?: string
  /** More names for the image. */
  tags?: string[]
  /** `NAME=value`, or `NAME` for the host's value. */
  env?: string[]
  envFiles?: string[]
  /** Replaces the builder's order: `id`, `id@version`, a directory, a tar. */
  buildpacks?: string[]
  defaultProcess?: string
  network?: string
  /** `host:target[:ro|rw]`; read-only unless said otherwise. */
  volumes?: string[]
  pullPolicy?: PullPolicy
  clearCache?: boolean
  trustBuilder?: boolean
  /** Seconds since 1970, an ISO 8601 date, or `now`. */
  creationTime?: string
  previousImage?: string
  sbomOutputDir?: string
  reportOutputDir?: string
  /** PEM files. */
  caCerts?: string[]
  /** project.toml; `<path>/project.toml` when absent and there is one. */
  descriptor?: string
  /** Where the phases find the engine: an address as the engine's own host sees it, or `inherit`. */
  dockerHost?: string
  /** `os/arch[/variant]` of builder and run image. */
  platform?: string
  verbose?: boolean
}

/** What `cnb build --output json` prints. */
export interface BuildResult {
  image: string
  tags: string[]
  /** The image ID on the engine. */
  id: string
  /** `name@digest`, what --quiet prints; on a graph-driver engine the digest is the image ID. */
  reference: string
  builder: string
  runImage: string
  platformApi: string
  buildpacks: { id: string; version: string }[]
  phases: { phase: string; durationMs: number }[]
  durationMs: number
}

export async function build(_options: BuildOptions, _services: Services, _context: Context): Promise<BuildResult> {
  throw new Error('in work')
}
