/** The interface of sinks: destinations of saved images. sinks.ts lists the kinds. */

import type { Context } from '../../base/events.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Reference, Tag } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import type { ImageSink, ImageSource } from '../image.ts'
import type { IndexSink } from '../index/image-index.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'

/** A kind of sink. */
export interface SinkKind {
  /** The syntax in `--to`, for help and hints: a word such as `engine`, or a scheme with its value, such as `oci:DIR`. */
  readonly form: string
  /** Loads the function that reads a value of `--to` with this word or scheme. */
  readonly load: () => Promise<ReadSink>
}

/** @throws CnbError CNB_REFERENCE_INVALID for a malformed value */
type ReadSink = (text: string, options: SinkOptions) => Sink

/** Options for reading a value of `--to`. */
export interface SinkOptions {
  /** The base of relative paths. */
  readonly cwd: string
  /** Omit the layers of the base image, if the sink supports it. */
  readonly sparse: boolean
}

/** A destination of saved images. */
export interface Sink {
  /** The value of `--to`, with absolute paths. */
  readonly place: string
  /** The directory that has its files. */
  readonly directory?: string
  /** Determines the order: files first, then the engine, then registries. */
  readonly store: 'files' | 'engine' | 'registry'
  /** Whether it stores compressed layers. All such sinks store the same manifest. */
  readonly takesBlobs: boolean
  /** Whether it omits the layers of the base image. */
  readonly sparse?: boolean
  /** Returns the place of a saved image for errors: `on the engine as my-app:latest`. */
  readonly describe: (tags: string) => string
  readonly open: (services: SinkServices) => ImageSink
  /** Opens the sink for indexes of images that are in it; a sink without this function stores images of one platform only. */
  readonly openIndexes?: (services: Pick<SinkServices, 'registries'>) => IndexSink
  /** Returns the source of the image that the new one replaces; without this function, it is the registry. */
  readonly previous?: (image: Reference, services: SinkServices) => ImageSource
  /** Returns the ID of a saved image, as in its result; without this function, it is that of `previous`. */
  readonly idOf?: (tag: Tag, digest: string) => string
  /** Returns all images of the place, by their names: a build looks up its run image here first. */
  readonly images?: (platform: Platform) => ImageSource
  /** Checks write access to the tags before the build starts. @throws CnbError CNB_REGISTRY_* */
  readonly check?: (tags: readonly Reference[], registries: Registries, context: Context) => Promise<void>
  /** Returns the commands, connected by pipes, that load a saved image into an engine; undefined if a run by name needs no load. */
  readonly loadCommands?: (image: string) => readonly (readonly string[])[]
}

/** The services for saving images. */
export interface SinkServices {
  /** The engine's images. */
  readonly engine: ImageSource & ImageSink
  readonly registries: Registries
  /** The compressed layers, shared by all sinks. */
  readonly blobs: LayerBlobs
  /** The published images. */
  readonly published: ImageSource
  readonly platform: Platform
}
