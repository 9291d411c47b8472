/** One build as a lifecycle driver takes it, and what it gives back. Drivers: native/ and stock/. */

import type { TarEntry } from '../archive/tar/tar-writer.ts'
import type { Context } from '../base/events.ts'
import type { Builder, RunImageName } from '../builder/builder.ts'
import type { Buildpack } from '../buildpacks/buildpack.ts'
import type { Order } from '../buildpacks/order.ts'
import type { Mount } from '../docker/engine.ts'
import type { ApiVersion } from '../formats/versions.ts'
import type { Image, SavedImage } from '../images/image.ts'
import type { ContainerConfig } from '../oci/config.ts'
import type { Platform } from '../oci/platform.ts'
import type { Tag } from '../oci/reference.ts'
import type { Binding } from '../project/platform-files.ts'

/** The run image, under the name by which the app's metadata will know it. */
export interface RunImage {
  readonly name: string
  readonly image: Image
}

export interface BuildPlan {
  readonly image: Tag
  readonly tags: readonly Tag[]
  readonly builder: Builder
  /** What the user asked the engine to emulate, when it is not the engine's own. */
  readonly platform?: Platform
  readonly platformApi: ApiVersion
  readonly runImage: RunImage
  /**
   * Finds another run image, which an image extension names, as the plan's was found.
   * @throws CnbError where there is none, or none that an app can start on
   */
  readonly findRunImage: (name: string, context: Context) => Promise<RunImage>
  /** What the engine calls an image that may be in a registry only; it gets it then. @throws CnbError CNB_PULL_FAILED, … */
  readonly engineId: (image: Image, context: Context) => Promise<string>
  /** Whether the image goes to other places than the engine. */
  readonly published: boolean
  /** What run.toml says: the choices among which a later rebase may find the run image again. */
  readonly runImages: readonly RunImageName[]
  /** The app as entries of a tar, whose names start with `workspace`. */
  readonly appEntries: (context: Context) => AsyncIterable<TarEntry>
  /** Replaces the builder's own order. */
  readonly order?: Order
  /** Buildpacks that the builder does not bring. */
  readonly buildpacks: readonly Buildpack[]
  /** What the user sets for the buildpacks: `/platform/env/<name>`. */
  readonly env: ReadonlyMap<string, string>
  /** Files for `/platform/bindings/<name>`. */
  readonly bindings: readonly Binding[]
  /** The private CAs in PEM, one after the other, that downloads in the build shall trust besides the public ones. */
  readonly caCertificates?: Buffer
  /** project-metadata.toml's content. */
  readonly projectMetadata?: string
  /** One container runs all phases, buildpacks and engine access together. */
  readonly trusted: boolean
  readonly clearCache: boolean
  /** What the image is for: `production`, or another from Platform API 0.15 on. */
  readonly execEnv: string
  /** Seconds since 1970: `created` of the image. */
  readonly creationTime?: number
  readonly defaultProcess?: string
  readonly previousImage?: string
  /** Docker's network mode for every phase. */
  readonly network?: string
  /** The user's own mounts, for the phases that run buildpacks. */
  readonly volumes: readonly Mount[]
  /** `NAME=value` for every container: proxies. */
  readonly proxyEnv: readonly string[]
  /** Bounds on the containers that run buildpacks. */
  readonly limits: ResourceLimits
  /**
   * The names of the volumes that keep layers between builds: `build` and `launch` are the stock lifecycle's, which other
   * platforms share; `layers` and `state` the native driver's own, and so is `kaniko`, the extender's.
   */
  readonly cacheVolumes: CacheVolumes
  /** A directory of the host that takes the place of the `build` volume. */
  readonly cacheDirectory?: string
  /** An image in a registry that takes its place. */
  readonly cacheImage?: Tag
  /** The socket or address at which the phases find the engine; found by itself when absent. */
  readonly dockerHost?: string
  readonly sbomOutputDir?: string
  readonly reportOutputDir?: string
  readonly verbose: boolean
  /** Whether the detector tells what became of each group that it tried. */
  readonly explain?: boolean
}

interface ResourceLimits {
  /** Bytes. */
  readonly memory?: number
  readonly cpus?: number
  readonly pids?: number
}

export interface CacheVolumes {
  readonly build: string
  readonly launch: string
  readonly layers: string
  readonly state: string
  readonly kaniko: string
  /** Whether the user named the `build` volume, and so answers for what is in it. */
  readonly chosen?: boolean
}

export interface PhaseTime {
  readonly phase: string
  readonly durationMs: number
}

export interface LifecycleResult {
  readonly phases: readonly PhaseTime[]
  /** The name of the run image that the app stands on: the plan's, or the one that an extension switched to. */
  readonly runImage: string
  readonly image: BuiltImage
}

/** What the image sink has of the image. */
export interface BuiltImage extends Pick<SavedImage, 'id' | 'repoDigests' | 'manifest'> {
  /** Its settings for containers, labels among them. */
  readonly config: ContainerConfig
}

/** A way to run the phases. The image has all its names when `run` returns; when it throws, none was moved, unless the error says so. */
export interface Lifecycle {
  run(plan: BuildPlan, context: Context): Promise<LifecycleResult>
}
