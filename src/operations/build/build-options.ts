/** What `cnb build` takes. */

import type { PullPolicy } from '../../images/find/pull.ts'
import type { RegistryOptions } from '../config/registry-settings.ts'

export interface BuildOptions extends RegistryOptions {
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
  /** What the image is for; `production` when absent. */
  execEnv?: string
  trustBuilder?: boolean
  /** Seconds since 1970, an ISO 8601 date, or `now`. */
  creationTime?: string
  previousImage?: string
  sbomOutputDir?: string
  reportOutputDir?: string
  /** project.toml; `<path>/project.toml` when absent and there is one. */
  descriptor?: string
  /** Where the phases find the engine: an address as the engine's own host sees it, or `inherit`. */
  dockerHost?: string
  /** `os/arch[/variant]` of builder and run image. */
  platform?: string
  verbose?: boolean
  /** Has the detector tell what became of each group that it tried. */
  explain?: boolean
  /** Who analyzes, restores and exports; `native` when absent. */
  lifecycle?: 'native' | 'stock'
  /** Bounds on the build's container, as docker takes them: `2g`, `1.5`. */
  memory?: string
  cpus?: string
  pidsLimit?: number
  /** `type=…;format=…;…` */
  cache?: string[]
  /** The same as `type=build;format=image;name=…`. */
  cacheImage?: string
  /** `engine`, `registry`, `oci:DIRECTORY`; the engine when there is none. */
  to?: string[]
  /** The same as `registry` in `to`. */
  publish?: boolean
  /** Leaves the base image's layers out of OCI layouts. */
  sparse?: boolean
}
