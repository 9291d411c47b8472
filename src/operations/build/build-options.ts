/** The options of `cnb build`. */

import type { PullPolicy } from '../../images/find/find-image.ts'
import type { Binding } from '../../project/binding.ts'
import type { RegistryOptions } from '../config/registry-settings.ts'

export interface BuildOptions extends RegistryOptions {
  /** The image's name as typed. */
  image: string
  /** The app directory or zip archive; default: the working directory. */
  path?: string
  builder?: string
  runImage?: string
  /** Additional names of the image. */
  tags?: string[]
  /** Labels of the image, `NAME=value`. */
  labels?: string[]
  /** Sets labels and `source` of the label io.buildpacks.project.metadata from the git repository of the app. Default: the configuration file's. */
  gitLabels?: boolean
  /** `[manifest:|index:]NAME=value`: annotations of the image's manifest, or of the index. */
  annotations?: string[]
  /** `NAME=value`, or `NAME` for the host's value. */
  env?: string[]
  envFiles?: string[]
  /** Locators of buildpacks that replace the builder's order (buildpacks/locator.ts). */
  buildpacks?: string[]
  /** Locators of buildpacks before those of each group of the builder's order; ignored with `buildpacks`. */
  preBuildpacks?: string[]
  /** The same after those of each group. */
  postBuildpacks?: string[]
  /** Reverses the buildpacks before each group, those of project.toml too: pack prepends one after the other. */
  reversePre?: boolean
  /** Locators of extensions that replace the builder's. */
  extensions?: string[]
  /** The name of the buildpack registry; default: the configuration file's. */
  buildpackRegistry?: string
  /** Ignores the builder's system buildpacks. */
  disableSystemBuildpacks?: boolean
  defaultProcess?: string
  /** Directories below `/platform/bindings`. */
  bindings?: Binding[]
  /** More of them, as `NAME=DIR` with a directory of this machine. */
  bindingDirs?: string[]
  /** `id=NAME[,type=file|env][,src=FILE|,env=VARIABLE]`: files of `/run/secrets` for the buildpacks. */
  secrets?: string[]
  /** Where the app's files come from: the `source` of the label io.buildpacks.project.metadata. Default: project.toml's. */
  sourceMetadata?: object
  network?: string
  /** `source:target[:ro|rw]`; read-only by default. */
  volumes?: string[]
  pullPolicy?: PullPolicy
  clearCache?: boolean
  /** Returns the existing image without a build if the same inputs made it. A buildpack may depend on more than its inputs. */
  ifChanged?: boolean
  /** The execution environment; default: `production`. */
  execEnv?: string
  trustBuilder?: boolean
  /** Extends the trust in the builder to buildpacks from other sources. */
  trustExtraBuildpacks?: boolean
  /** The name of the app's directory in the containers; default: `workspace`. */
  workspace?: string
  /** The user and group of the build; default: the builder's. */
  uid?: number
  gid?: number
  /** Runs the containers in the host's user namespace. */
  usernsHost?: boolean
  /** Keeps the container of a failed detector or builder, for `cnb shell`. */
  keepOnFailure?: boolean
  /** Seconds since 1970, an ISO 8601 date, or `now`. */
  creationTime?: string
  previousImage?: string
  sbomOutputDir?: string
  reportOutputDir?: string
  /** The path of the project descriptor; default: `<path>/project.toml` if it exists. */
  descriptor?: string
  /** The engine's address for the phases, as seen from the engine's host, or `inherit`. */
  dockerHost?: string
  /** Platforms of builder and run image, `os/arch[/variant]`; several make an index of one image for each. Default: the engine's. */
  platforms?: string[]
  verbose?: boolean
  /** Makes the detector report the result of each group that it tried. */
  explain?: boolean
  /** The driver for analyze, restore and export; default: `native`. */
  lifecycle?: 'native' | 'stock'
  /** The image of the lifecycle for the phases of the stock driver that run no buildpacks, if the builder is not trusted. */
  lifecycleImage?: string
  /** Limits of the build container in docker's syntax: `2g`, `1.5`. */
  memory?: string
  cpus?: string
  pidsLimit?: number
  /** `type=…;format=…;…` */
  cache?: string[]
  /** Equivalent to `type=build;format=image;name=…` in `cache`. */
  cacheImage?: string
  /** Builds with the same key share the volumes of the cache, also for images of different names. */
  cacheKey?: string
  /** `engine`, `registry`, `oci:DIRECTORY` or `layout-repo:DIRECTORY`; default: `engine`. */
  to?: string[]
  /** Equivalent to `registry` in `to`. */
  publish?: boolean
  /** Omits the base image's layers from OCI layouts. */
  sparse?: boolean
}

/** The options of a build for one platform. */
export interface PlatformBuildOptions extends Omit<BuildOptions, 'platforms'> {
  readonly platform?: string
  /** Whether the image is a part of an index. */
  readonly part?: boolean
}
