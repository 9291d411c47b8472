/** What each kind of sink declares, as data and functions. sinks.ts lists the kinds. */

import type { Context } from '../../base/events.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Reference } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import type { ImageSink, ImageSource } from '../image.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'

/** A kind of sink. */
export interface SinkKind {
  /** How `--to` names one, for help and hints: a word such as `engine`, or a scheme and what follows it, such as `oci:DIR`. */
  readonly form: string
  /** Loads the code of the kind: the function that reads a value of `--to` that has this word or scheme. */
  readonly load: () => Promise<ReadSink>
}

/** @throws CnbError CNB_REFERENCE_INVALID for a malformed value */
type ReadSink = (text: string, options: SinkOptions) => Sink

/** What a kind of sink may need to read a value of `--to`. */
export interface SinkOptions {
  /** The directory that relative paths start from. */
  readonly cwd: string
  /** Leave out the layers of the base image, where the sink can do that. */
  readonly sparse: boolean
}

/** One place where images are saved. */
export interface Sink {
  /** As `--to` names it; paths are absolute. */
  readonly place: string
  /** Images are saved in files first, on the engine then, in registries last. */
  readonly store: 'files' | 'engine' | 'registry'
  /** Whether it stores layers compressed, so that the manifest has the digests that it has in the other sinks of this kind. */
  readonly takesBlobs: boolean
  /** Whether it leaves out the layers of the base image. */
  readonly sparse?: boolean
  /** Says where a saved image is, for errors: `on the engine as my-app:latest`. */
  readonly describe: (tags: string) => string
  readonly open: (services: SinkServices) => ImageSink
  /** Finds the image that the new one replaces; a sink without it leaves that to the registry. */
  readonly previous?: (image: Reference, services: SinkServices) => ImageSource
  /** Checks that the tags may be written, before the build starts. @throws CnbError CNB_REGISTRY_* */
  readonly check?: (tags: readonly Reference[], registries: Registries, context: Context) => Promise<void>
  /** The commands, connected by pipes, that load a saved image into an engine; absent where the image starts by its name. */
  readonly loadCommands?: (image: string) => readonly (readonly string[])[]
}

/** What sinks save with. */
export interface SinkServices {
  /** The engine's images. */
  readonly engine: ImageSource & ImageSink
  readonly registries: Registries
  /** The layers as they are compressed, shared by all sinks. */
  readonly blobs: LayerBlobs
  /** The published images. */
  readonly published: ImageSource
  readonly platform: Platform
}
