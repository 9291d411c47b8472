/** The container engine as the rest of `cnb` sees it. The adapter over dockerode is in dockerode-engine.ts. */

import type { Readable, Writable } from 'node:stream'
import type { Context } from '../base/events.ts'
import type { ContainerConfig } from '../oci/config.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/platform.ts'

/** Labels that `cnb` puts on all it creates; `owner` tells a later run whether the creator still lives. */
export const OWNER_LABEL = 'dev.cnb.owner'

/**
 * On a volume that is empty and marks others, whose names are the value: they go with it once its owner is dead. What outlives
 * a run carries no owner, for labels cannot be changed; this is how a killed run's unfinished ones are found.
 */
export const UNFINISHED_LABEL = 'dev.cnb.unfinished'

export interface EngineInfo {
  /** Podman speaks Docker's API, but does not tell all that Docker does. */
  readonly product: 'docker' | 'podman'
  readonly version: string
  /** The newest API version that the engine speaks, such as `1.41`. */
  readonly apiVersion: string
  readonly platform: Platform
  /** Where the engine keeps images: this decides what an image ID is and which layers a load may leave out. */
  readonly imageStore: 'graphdriver' | 'containerd'
  /** `rootless`, `selinux`, … as the engine lists them. */
  readonly securityOptions: readonly string[]
}

/** One connection to one engine. Errors are CnbError CNB_ENGINE_*; each method takes the context's signal. */
export interface Engine {
  /** The address, such as `unix:///var/run/docker.sock`. */
  readonly address: string
  info(context?: Context): Promise<EngineInfo>
  readonly containers: Containers
  readonly images: EngineImages
  readonly volumes: Volumes
  /** The blobs behind the images of a containerd image store; a graph-driver engine has none to show. */
  readonly content: Content
  /** Closes idle connections, so that the process can end. */
  close(): void
}

export type Mount =
  | { type: 'bind'; source: string; target: string; readOnly?: boolean }
  /** `empty`: a new volume starts empty, and not with what the image has at the target. `labels` are a new volume's. */
  | { type: 'volume'; source: string; target: string; readOnly?: boolean; empty?: boolean; labels?: Readonly<Record<string, string>> }

/** A container to be made. The image must be on the engine. */
export interface ContainerSpec {
  image: string
  /** The whole command; the image's entrypoint is cleared. */
  command: readonly string[]
  /** `NAME=value`, added to the image's. */
  env?: readonly string[]
  /** `uid:gid` or a name; the image's own user when absent. */
  user?: string
  workingDir?: string
  /** Docker's network mode; the engine's default when absent. */
  network?: string
  mounts?: readonly Mount[]
  platform?: Platform
  securityOpt?: readonly string[]
  capDrop?: readonly string[]
  capAdd?: readonly string[]
  /** Bytes. */
  memory?: number
  /** Processor cores, such as 1.5. */
  cpus?: number
  /** How many processes may live at once. */
  pidsLimit?: number
  /** Its name, by which nobody else can have one; a random one when absent. */
  name?: string
  /** Keeps standard input open, for `converse`. */
  stdin?: boolean
  labels?: Readonly<Record<string, string>>
}

export interface ContainerOutput {
  stdout?: Writable
  stderr?: Writable
}

/** A container that somebody owns: leaving the scope of `await using` removes it, with its anonymous volumes. */
export interface Container extends AsyncDisposable {
  readonly id: string
  /** Unpacks a tar at `path`, which must exist in the container; it need not run. */
  putArchive(path: string, tar: Readable | Buffer, context?: Context): Promise<void>
  /**
   * A tar of `path` (entries start with its base name), or undefined where it does not exist. Once the program's input has been ended,
   * this waits for its end first.
   */
  getArchive(path: string, context?: Context): Promise<Readable | undefined>
  /** Starts the container, writes out what it prints, and gives its exit code once it has ended and all is written. */
  run(output: ContainerOutput, context?: Context): Promise<number>
  /**
   * Starts the container, with its standard input at hand. `exitCode` settles as `run` does; ending `stdin` is the end of file
   * for the program. The container must have been made with `stdin`.
   */
  attach(output: ContainerOutput, context?: Context): Promise<AttachedContainer>
  /** Kills and removes it; no error when it is gone already. Never takes the (aborted) signal. */
  remove(): Promise<void>
}

/** A started container that is talked with. Leaving the scope of `await using` hangs up; the container's owner removes it. */
export interface AttachedContainer extends AsyncDisposable {
  readonly stdin: Writable
  readonly exitCode: Promise<number>
}

/** What is listed by its labels. */
export interface Owned {
  readonly labels: Readonly<Record<string, string>>
  /** Milliseconds since 1970 by the engine's clock; undefined where it does not tell. */
  readonly created?: number
  /** Of a container, whether its program runs. */
  readonly running?: boolean
}

export interface Containers {
  /** @throws CnbError CNB_ENGINE_FAILED, for which `refusalStatus` (errors.ts) gives 409 when another has the name, 404 without the image */
  create(spec: ContainerSpec, context?: Context): Promise<Container>
  /** All containers that carry `label`, running or not. */
  list(label: string, context?: Context): Promise<(Owned & { readonly id: string; readonly name: string })[]>
  /** Kills and removes a container by id; no error when it is gone. */
  remove(id: string): Promise<void>
}

/** What the engine says of an image. */
export interface EngineImage {
  readonly id: string
  readonly tags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly platform: Platform
  /** Of Windows images. Podman does not tell it. */
  readonly osVersion?: string
  readonly created?: string
  readonly author?: string
  readonly config: ContainerConfig
  readonly diffIds: readonly Digest[]
  /** Bytes in all. */
  readonly size: number
}

/** One step of an image's history, newest first, as the engine's history endpoint gives it. */
export interface EngineHistory {
  /** Of the newest step the image's own ID. */
  readonly id?: string
  readonly created: number
  readonly createdBy: string
  readonly comment: string
  readonly size: number
}

export interface PullOptions {
  platform?: Platform
  /** `username`/`password` or `identitytoken`; anonymous when absent. */
  auth?: { username?: string; password?: string; identitytoken?: string; serveraddress?: string }
}

export interface EngineImages {
  /** Undefined when the engine has no such image. `reference` is a name or an image ID. */
  inspect(reference: string, context?: Context): Promise<EngineImage | undefined>
  history(reference: string, context?: Context): Promise<EngineHistory[]>
  /** Pulls, telling `pull.*` events. @throws CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_PLATFORM_MISMATCH */
  pull(reference: string, options?: PullOptions, context?: Context): Promise<void>
  /** Loads a docker-archive or OCI archive; an error told in the reply's body is thrown. Gives the ids or names that it reports. */
  load(tar: Readable, context?: Context): Promise<string[]>
  /** `docker save` of one image. */
  save(reference: string, context?: Context): Promise<Readable>
  /** Gives `source` (a name or id) the name `target`. */
  tag(source: string, target: string, context?: Context): Promise<void>
  /** Removes a name, and the image with its last one; no error when it is gone. */
  remove(reference: string): Promise<void>
}

export interface Volumes {
  exists(name: string, context?: Context): Promise<boolean>
  /** Makes the volume if there is none of that name; gives whether it did. */
  create(name: string, labels: Readonly<Record<string, string>>, context?: Context): Promise<boolean>
  /** Removes it; no error when it is gone. @throws CNB_ENGINE_FAILED while a container uses it */
  remove(name: string): Promise<void>
  list(label: string, context?: Context): Promise<(Owned & { readonly name: string })[]>
}

/** One blob of the engine's content store. */
export interface BlobInfo {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The engine's content store, read over its containerd content service. On an engine without one `info` and `read` give
 * undefined for every digest.
 */
export interface Content {
  /** Undefined when the store has no such blob. */
  info(digest: Digest, context?: Context): Promise<BlobInfo | undefined>
  /** The blob's bytes, whose digest the stream checks at its end; undefined when the store has no such blob. */
  read(digest: Digest, context?: Context): Promise<Readable | undefined>
}
