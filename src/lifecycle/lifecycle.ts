/** The input and result of a lifecycle driver. Drivers: native/ and stock/. */

import type { TarEntry } from '../archive/tar/tar-writer.ts'
import type { Context } from '../base/events.ts'
import type { Builder, RunImageName } from '../builder/builder.ts'
import type { Buildpack } from '../buildpacks/buildpack.ts'
import type { Order } from '../buildpacks/order.ts'
import type { Mount } from '../docker/engine.ts'
import type { ApiVersion } from '../formats/versions.ts'
import type { EngineImageStore } from '../images/engine/engine-source.ts'
import type { Image, ImageSink, ImageSource, SavedImage } from '../images/image.ts'
import type { LayerBlobs } from '../images/layers/layer-blobs.ts'
import type { ContainerConfig } from '../oci/config.ts'
import type { Platform } from '../oci/platform.ts'
import type { Tag } from '../oci/reference.ts'
import type { AppStatuses } from '../project/app-status.ts'
import type { Binding } from '../project/binding.ts'
import type { Secret } from '../project/secret.ts'

/** The run image, with the name that the app's metadata records. */
export interface RunImage {
  readonly name: string
  readonly image: Image
}

/** The content of order.toml, with the version of each entry. */
export interface BuildOrder {
  readonly buildpacks: Order
  readonly extensions: Order
}

/** The part of a plan that a build has before its run image and its buildpacks are found. */
export interface BuildStart {
  readonly image: Tag
  readonly tags: readonly Tag[]
  readonly builder: Builder
  /** The platform that the user chose for the engine to emulate; absent if it is the engine's. */
  readonly platform?: Platform
  readonly platformApi: ApiVersion
  /** Whether the image is saved to a registry or an OCI layout, also if the engine has it too. */
  readonly leavesEngine: boolean
  /** Returns the app as tar entries with names below `workspace`. */
  readonly appEntries: (context: Context) => AsyncIterable<TarEntry>
  /** Returns the status of the app's files, without opening them. */
  readonly appStatus: (context: Context) => Promise<AppStatuses>
  /** Whether the detector ignores the builder's system buildpacks. */
  readonly withoutSystemBuildpacks?: boolean
  /** The user's variables for the buildpacks: `/platform/env/<name>`. */
  readonly env: ReadonlyMap<string, string>
  /** Files for `/platform/bindings/<name>`. */
  readonly bindings: readonly Binding[]
  /** Files of `/run/secrets`, which exist only in memory. */
  readonly secrets?: readonly Secret[]
  /** Private CA certificates, concatenated PEM, that downloads in the build trust in addition to the public ones. */
  readonly caCertificates?: Buffer
  /** The content of project-metadata.toml. */
  readonly projectMetadata?: string
  readonly clearCache: boolean
  /** The execution environment: `production`, or another since Platform API 0.15. */
  readonly execEnv: string
  /** `created` of the image, in seconds since 1970. */
  readonly creationTime?: number
  /** The user's labels of the image. */
  readonly labels?: ReadonlyMap<string, string>
  /** The user's annotations of the manifest, and of the index that lists it. */
  readonly annotations?: { readonly manifest: Readonly<Record<string, string>>; readonly index: Readonly<Record<string, string>> } | undefined
  readonly defaultProcess?: string
  readonly previousImage?: string
  /** Docker's network mode for every phase. */
  readonly network?: string
  /** The user of phases that run buildpacks, `uid:gid`, if it is not the builder's. */
  readonly user?: string
  /** Whether the containers run in the host's user namespace. */
  readonly usernsHost?: boolean
  /** The app's directory in the containers; default: DEFAULT_APP_DIR. */
  readonly appDir?: string
  /** The user's mounts, for the phases that run buildpacks. */
  readonly volumes: readonly Mount[]
  /** Proxy settings for every container: `NAME=value`. */
  readonly proxyEnv: readonly string[]
  /** Limits of the containers that run buildpacks. */
  readonly limits: ResourceLimits
  /**
   * The names of the volumes that keep layers between builds. `build` and `launch` belong to the stock lifecycle and are shared with
   * other platforms; the others belong to the native driver.
   */
  readonly cacheVolumes: CacheVolumes
  /** A directory of the host that replaces the `build` volume. */
  readonly cacheDirectory?: string
  /** An image in a registry that replaces the `build` volume. */
  readonly cacheImage?: Tag
  /** The socket or address of the engine for the phases; determined automatically if absent. */
  readonly dockerHost?: string
  readonly sbomOutputDir?: string
  readonly reportOutputDir?: string
  readonly verbose: boolean
  /** Whether the container stays after a failure of detector or builder. */
  readonly keepOnFailure?: boolean
  /** Whether the detector prints the result of each group that it tried. */
  readonly explain?: boolean
}

export interface BuildPlan extends BuildStart {
  readonly runImage: RunImage
  /**
   * Finds another run image, chosen by an image extension, in the same way as the plan's.
   * @throws CnbError if it does not exist or cannot run an app
   */
  readonly findRunImage: (name: string, context: Context) => Promise<RunImage>
  /** Returns the engine's ID of an image, and pulls it if it is only in a registry. @throws CnbError CNB_PULL_FAILED, … */
  readonly engineId: (image: Image, context: Context) => Promise<string>
  /** The content of run.toml: the candidates from which a later rebase may choose the run image. */
  readonly runImages: readonly RunImageName[]
  /** Replaces the builder's order and that of its extensions. */
  readonly order?: BuildOrder
  /** Buildpacks and extensions that are not in the builder. */
  readonly buildpacks: readonly Buildpack[]
  /** Whether one container runs all phases, so buildpacks have access to the engine. */
  readonly trusted: boolean
  /** The engine's ID of an image with the lifecycle for the phases that run no buildpacks; default: the builder. Stock driver only. */
  readonly phaseImage?: string
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
  /** An empty volume with the record of the `layers` volume in its labels. */
  readonly record: string
  /** A record that is too long for a label, and the list of a large app's files. */
  readonly state: string
  readonly kaniko: string
  /** The files of a large app. */
  readonly app: string
  /** An empty volume with the record of the image's inputs in its labels. */
  readonly inputs: string
  /** Whether the user chose the `build` volume, and so is responsible for its content. */
  readonly chosen?: boolean
}

export interface PhaseTime {
  readonly phase: string
  readonly durationMs: number
}

export interface LifecycleResult {
  readonly phases: readonly PhaseTime[]
  /** The name of the app's run image: the plan's, or the one that an extension switched to. */
  readonly runImage: string
  readonly image: BuiltImage
}

/** The image as the image sink saved it. */
export interface BuiltImage extends Pick<SavedImage, 'id' | 'repoDigests' | 'manifest'> {
  /** Its container settings, including labels. */
  readonly config: ContainerConfig
}

export interface Lifecycle {
  /**
   * Opens a build. A driver may create the build's container and volumes while the caller completes the plan. Failures of that are
   * errors of `run`.
   */
  open(start: BuildStart, context: Context): OpenBuild
}

/** One build. Leaving the scope of `await using` removes everything from the engine that the next build does not use. */
export interface OpenBuild extends AsyncDisposable {
  /**
   * Runs the phases; call it once. When it returns, all names refer to the image; if it throws, no name changed unless the error says so.
   * @param plan extends the build's start
   * @param stores default: the engine's
   */
  run(plan: BuildPlan, stores?: BuildStores): Promise<LifecycleResult>
}

/** The stores of a build besides the engine's. The stock driver has none. */
export interface BuildStores {
  /** Opens the store of the previous and the new image; default: the engine. */
  readonly openStore?: (images: EngineImageStore) => ImageSource & ImageSink
  /** Compresses new layers while they are read for their digests, for registries and layouts. */
  readonly blobs?: Pick<LayerBlobs, 'copy' | 'of' | 'start'>
  /** The registries of the plan's cache image. */
  readonly cacheImages?: ImageSource & ImageSink
}
