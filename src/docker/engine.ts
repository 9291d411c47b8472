/** The interface of the container engine. dockerode-engine.ts implements it. */

import type { Duplex, Readable, Writable } from 'node:stream'
import type { Context, EventSink } from '../base/events.ts'
import type { ContainerConfig } from '../oci/config.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/platform.ts'

/** Label on everything that `cnb` creates; the value lets a later run check whether its creator is still alive. */
export const OWNER_LABEL = 'dev.cnb.owner'

/**
 * Label on an empty volume; its value lists unfinished volumes, which are removed with it after its owner has ended. Volumes that
 * outlive a run carry no owner, because labels cannot be changed; this label finds those of a killed run.
 */
export const UNFINISHED_LABEL = 'dev.cnb.unfinished'

/** Label on the containers that stay after a failure of the build; its value is the name of the image. */
export const KEPT_LABEL = 'dev.cnb.kept'

/** Label of the same containers: the app's directory. */
export const APP_DIR_LABEL = 'dev.cnb.app-dir'

/** The names of kept containers. */
export const KEPT_NAME: RegExp = /^cnb-kept-[0-9a-f]{16}$/

export interface EngineInfo {
  /** Podman implements Docker's API, but omits some of Docker's information. */
  readonly product: 'docker' | 'podman'
  readonly version: string
  /** The newest API version that the engine supports, such as `1.41`. */
  readonly apiVersion: string
  readonly platform: Platform
  /** The kind of image store: determines the image ID and which layers a load may omit. */
  readonly imageStore: 'graphdriver' | 'containerd'
  /** `rootless`, `selinux`, … as listed by the engine. */
  readonly securityOptions: readonly string[]
  /** The storage driver, such as `overlay2`. */
  readonly driver?: string | undefined
  /** The directory of images and containers, on the engine's machine. */
  readonly rootDirectory?: string | undefined
  /** The operating system of the engine's machine, for display. */
  readonly system?: string | undefined
  /** Milliseconds by which the engine's clock is ahead of this machine's. */
  readonly aheadMs?: number | undefined
  /** Whether the engine pulls through a proxy. */
  readonly usesProxy?: boolean
  /** Whether the engine has a program that passes signals on to the container's program, and runs as its first process. */
  readonly hasInit?: boolean
}

/** A connection to an engine. Errors are CnbError CNB_ENGINE_*; each method takes the context's signal. */
export interface Engine {
  /** The address, such as `unix:///var/run/docker.sock`. */
  readonly address: string
  info(context?: Context): Promise<EngineInfo>
  readonly containers: Containers
  readonly images: EngineImages
  readonly volumes: Volumes
  /** The blobs of a containerd image store; a graph-driver engine has none. */
  readonly content: Content
  /** Returns the same connection with another receiver of request spans. Closing one of the two closes both. */
  reportingTo(events: EventSink | undefined): Engine
  /** Closes idle connections, which would keep the process alive. */
  close(): void
}

export type Mount =
  | { type: 'bind'; source: string; target: string; readOnly?: boolean }
  /** `empty`: a new volume starts empty, without the image's files at the target. `labels` apply to a new volume. */
  | { type: 'volume'; source: string; target: string; readOnly?: boolean; empty?: boolean; labels?: Readonly<Record<string, string>> }

/** A port of a container, published at an address of the engine's machine. */
export interface PublishedPort {
  readonly container: number
  readonly protocol: 'tcp' | 'udp'
  /** The address: `127.0.0.1`, or `0.0.0.0` for all. */
  readonly address: string
  readonly port: number
}

/** A container to create. The image must be on the engine. */
export interface ContainerSpec {
  image: string
  /** The whole command; the image's entrypoint is cleared. */
  command: readonly string[]
  /** `NAME=value`, added to the image's. */
  env?: readonly string[]
  /** `uid:gid` or a name; default: the image's user. */
  user?: string
  workingDir?: string
  /** Docker's network mode; default: the engine's. */
  network?: string
  mounts?: readonly Mount[]
  /** Mounts of memory of the engine's machine; `size` is their limit in bytes. Every user may write to them. */
  tmpfs?: readonly { readonly target: string; readonly size: number }[]
  platform?: Platform
  securityOpt?: readonly string[]
  /** Whether the container runs in the host's user namespace. */
  usernsHost?: boolean
  capDrop?: readonly string[]
  capAdd?: readonly string[]
  /** Bytes. */
  memory?: number
  /** CPU cores, such as 1.5. */
  cpus?: number
  /** Maximum number of processes. */
  pidsLimit?: number
  /** A unique name; default: a random one. */
  name?: string
  /** Keeps standard input open, for `converse`. */
  stdin?: boolean
  ports?: readonly PublishedPort[]
  /** Whether the engine's own first process passes signals on to the program; without it, most programs ignore them. */
  init?: boolean
  /** Whether the container outlives this process: the engine keeps its output, and removes it when it ends. */
  detached?: boolean
  labels?: Readonly<Record<string, string>>
}

export interface ContainerOutput {
  stdout?: Writable
  stderr?: Writable
}

/** An owned container: disposal removes it with its anonymous volumes. */
export interface Container extends AsyncDisposable {
  readonly id: string
  /** Extracts a tar at `path`, which must exist in the container; the container need not run. */
  putArchive(path: string, tar: Readable | Buffer, context?: Context): Promise<void>
  /**
   * Returns a tar of `path` (entries start with its base name), or undefined if it does not exist. If the program's input was closed,
   * waits for the program to end first.
   */
  getArchive(path: string, context?: Context): Promise<Readable | undefined>
  /** Starts the container and writes its output; returns the exit code after the container has ended and all output is written. */
  run(output: ContainerOutput, context?: Context): Promise<number>
  /**
   * Starts the container and returns it attached. `exitCode` settles as for `run`; ending `stdin` sends end of file to the program.
   * In a container that was created without `stdin`, it is closed from the start.
   */
  attach(output: ContainerOutput, context?: Context): Promise<AttachedContainer>
  /** Starts the container without an attachment. */
  start(context?: Context): Promise<void>
  /** Sends SIGTERM to the program, or the image's signal, and kills it after `seconds`; succeeds if it has ended. Never uses the (aborted) signal. */
  stop(seconds: number): Promise<void>
  /** Kills and removes it; succeeds if it is already gone. Never uses the (aborted) signal. */
  remove(): Promise<void>
  /**
   * Disposal at the end of a successful run. If the process ends next (connectEngine), this only sends the request, which the
   * engine completes alone: it takes 0.1 s to end the container's network.
   */
  leave(): Promise<void>
  /** Disposal does not remove it any more. It gets the name, and replaces a container that has it. */
  keep(name: string): Promise<void>
}

/** A program to run in a container. */
export interface ExecSpec {
  readonly command: readonly string[]
  readonly workingDir: string
  /** Whether it has a terminal; then its output is not separated. */
  readonly tty: boolean
}

/** A size of a terminal, in characters. */
export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** A program that runs in a container. */
export interface Exec {
  /** The program's input and output; without a terminal, its output is in Docker's frames (multiplex.ts). */
  readonly connection: Duplex
  readonly resize: (size: TerminalSize) => Promise<void>
  /** Returns the exit code after the end of `connection`. */
  readonly exitCode: () => Promise<number>
}

/** A started container with attached input. Disposal closes the attachment; the container's owner removes it. */
export interface AttachedContainer extends AsyncDisposable {
  readonly stdin: Writable
  readonly exitCode: Promise<number>
}

/** An object found by its label. */
export interface Owned {
  readonly labels: Readonly<Record<string, string>>
  /** Milliseconds since 1970 by the engine's clock; undefined if unknown. */
  readonly created?: number
  /** For a container: whether its program runs. */
  readonly running?: boolean
}

export interface Containers {
  /** @throws CnbError CNB_ENGINE_FAILED, with `engineStatus` (engine-errors.ts) 409 if the name is taken, 404 without the image */
  create(spec: ContainerSpec, context?: Context): Promise<Container>
  /** Lists all containers with `label`, running or not, with the ID of its image. `volumes` are the names of those that it mounts. */
  list(label: string, context?: Context): Promise<(Owned & { readonly id: string; readonly name: string; readonly image: string; readonly volumes: readonly string[] })[]>
  /** Starts a container that has ended, or that runs already. Its input stays open. */
  start(id: string, context?: Context): Promise<void>
  /** Kills the program of a container, which stays. */
  kill(id: string): Promise<void>
  /** Runs another program in a container that runs, with the container's user and environment. */
  exec(id: string, spec: ExecSpec, context?: Context): Promise<Exec>
  /** Kills and removes a container by ID; succeeds if it is already gone. */
  remove(id: string): Promise<void>
}

/** The engine's description of an image. */
export interface EngineImage {
  readonly id: string
  readonly tags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly platform: Platform
  /** For Windows images; Podman omits it. */
  readonly osVersion?: string
  readonly created?: string
  readonly author?: string
  readonly config: ContainerConfig
  readonly diffIds: readonly Digest[]
  /** Total size in bytes. */
  readonly size: number
}

/** A step of an image's history, newest first, as returned by the engine's history endpoint. */
export interface EngineHistory {
  /** For the newest step: the image's ID. */
  readonly id?: string
  readonly created: number
  readonly createdBy: string
  readonly comment: string
  readonly size: number
}

export interface PullOptions {
  platform?: Platform
  /** `username`/`password` or `identitytoken`; default: anonymous. */
  auth?: { username?: string; password?: string; identitytoken?: string; serveraddress?: string }
}

export interface EngineImages {
  /**
   * Returns undefined if the engine does not have the image. `reference` is a name or an image ID. `platform` selects an image of an index
   * on the containerd store (since API 1.49); its ID is that of its manifest, by which the engine does not find it.
   */
  inspect(reference: string, context?: Context, platform?: Platform): Promise<EngineImage | undefined>
  history(reference: string, context?: Context): Promise<EngineHistory[]>
  /** Pulls an image with `pull.*` events. @throws CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_PLATFORM_MISMATCH */
  pull(reference: string, options?: PullOptions, context?: Context): Promise<void>
  /** Loads a docker-archive or OCI archive; throws an error in the reply's body. Returns the reported IDs or names. */
  load(tar: Readable, context?: Context): Promise<string[]>
  /** `docker save` of one image. */
  save(reference: string, context?: Context): Promise<Readable>
  /** Adds the name `target` to `source` (a name or ID). */
  tag(source: string, target: string, context?: Context): Promise<void>
  /** Removes a name, and the image with its last name; succeeds if it is already gone. */
  remove(reference: string): Promise<void>
}

export interface Volumes {
  exists(name: string, context?: Context): Promise<boolean>
  /** Returns the volume's labels; undefined if the volume does not exist. */
  labels(name: string, context?: Context): Promise<Readonly<Record<string, string>> | undefined>
  /** Creates the volume unless it exists; returns whether it has these labels now. */
  create(name: string, labels: Readonly<Record<string, string>>, context?: Context): Promise<boolean>
  /** Removes it; succeeds if it is already gone. @throws CNB_ENGINE_FAILED while a container uses it */
  remove(name: string): Promise<void>
  /** Lists all volumes, or those with `label`. */
  list(label?: string, context?: Context): Promise<(Owned & { readonly name: string })[]>
  /** Returns the bytes in each volume. The engine reads all of its volumes for that, and one before API 1.42 everything else too. */
  sizes(context?: Context): Promise<ReadonlyMap<string, number>>
}

/** A blob of the engine's content store. */
export interface BlobInfo {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The engine's content store, read over containerd's content service. On an engine without one, `info` and `read` return undefined for
 * every digest.
 */
export interface Content {
  /** Returns undefined if the store does not have the blob. */
  info(digest: Digest, context?: Context): Promise<BlobInfo | undefined>
  /** Returns the blob's bytes; the stream verifies their digest at its end. Undefined if the store does not have the blob. */
  read(digest: Digest, context?: Context): Promise<Readable | undefined>
}
